import type { Planes, StorageFormat } from "./format.ts";

/** Unsigned integers: ids, counts, tables, and the words of a cache of smaller integers. */
export const u32 = {
  name: "u32",
  planes: { data: { elements: 1, bytes: 4, array: Uint32Array } },
  element: { kind: "integer", signed: false },
  encode: (values: ArrayLike<number>) => ({ data: Uint32Array.from(values) }),
  decode: ({ data }: Planes) => Float64Array.from(data),
} as const satisfies StorageFormat;
