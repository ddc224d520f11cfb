import type { Planes, StorageFormat } from "./format.ts";

/** Signed integers. */
export const i32 = {
  name: "i32",
  planes: { data: { elements: 1, bytes: 4, array: Int32Array } },
  element: { kind: "integer", signed: true },
  encode: (values: ArrayLike<number>) => ({ data: Int32Array.from(values) }),
  decode: ({ data }: Planes) => Float64Array.from(data),
} as const satisfies StorageFormat;
