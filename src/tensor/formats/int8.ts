import type { Planes, StorageFormat } from "./format.ts";
import { decodeIntegers, encodeIntegers, furthest, type ScaledIntegers } from "./integers.ts";

const integers: ScaledIntegers = {
  bits: 8,
  scaleOf: (values) => Math.abs(furthest(values)) / 127,
  lowest: -127,
  highest: 127,
};

/** Signed bytes, one scale for each row (per token: KIVI, Liu et al. 2024, section 3.2). */
export const int8 = {
  name: "int8",
  planes: {
    data: { elements: 1, bytes: 1, array: Uint8Array },
    scales: { elements: "row", bytes: 4, array: Float32Array },
  },
  encode: (values: ArrayLike<number>, columns: number) => encodeIntegers(values, columns, integers),
  decode: (planes: Planes, columns: number) => decodeIntegers(planes, columns, 8),
} as const satisfies StorageFormat;
