import type { Planes, StorageFormat } from "./format.ts";

/** IEEE binary32. */
export const f32 = {
  name: "f32",
  planes: { data: { elements: 1, bytes: 4, array: Float32Array } },
  element: { kind: "float", fraction: 23, bias: 127 },
  encode: (values: ArrayLike<number>) => ({ data: Float32Array.from(values) }),
  decode: ({ data }: Planes) => Float64Array.from(data),
} as const satisfies StorageFormat;
