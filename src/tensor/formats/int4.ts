import type { Planes, StorageFormat } from "./format.ts";
import { decodeIntegers, encodeIntegers, furthest, type ScaledIntegers } from "./integers.ts";

const block = 32;

/** The number furthest from 0 becomes −8 exactly: the scale may be negative. */
const integers: ScaledIntegers = { bits: 4, scaleOf: (values) => furthest(values) / -8, lowest: -8, highest: 7 };

/** Signed halves of bytes, one scale for each 32 elements of a row (the blocks of llama.cpp's Q4_0, scales of f32). */
export const int4 = {
  name: "int4",
  planes: {
    data: { elements: 2, bytes: 1, array: Uint8Array },
    scales: { elements: block, bytes: 4, array: Float32Array },
  },
  encode: (values: ArrayLike<number>) => encodeIntegers(values, block, integers),
  decode: (planes: Planes) => decodeIntegers(planes, block, 4),
} as const satisfies StorageFormat;
