// Elements of 32 bits, as JavaScript has typed arrays of them.
import type { Planes, StorageFormat } from "./format.ts";

/** IEEE binary32. */
export const f32 = {
  name: "f32",
  planes: { data: { elements: 1, bytes: 4, array: Float32Array } },
  element: { kind: "float", fraction: 23, bias: 127 },
  encode: (values: ArrayLike<number>) => ({ data: Float32Array.from(values) }),
  decode,
} as const satisfies StorageFormat;

/** Signed integers. */
export const i32 = {
  name: "i32",
  planes: { data: { elements: 1, bytes: 4, array: Int32Array } },
  element: { kind: "integer", signed: true },
  encode: (values: ArrayLike<number>) => ({ data: Int32Array.from(values) }),
  decode,
} as const satisfies StorageFormat;

/** Unsigned integers: ids, counts, tables, and the words of a cache of smaller integers. */
export const u32 = {
  name: "u32",
  planes: { data: { elements: 1, bytes: 4, array: Uint32Array } },
  element: { kind: "integer", signed: false },
  encode: (values: ArrayLike<number>) => ({ data: Uint32Array.from(values) }),
  decode,
} as const satisfies StorageFormat;

function decode({ data }: Planes): Float64Array<ArrayBuffer> {
  return Float64Array.from(data);
}
