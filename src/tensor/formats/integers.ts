import type { Planes, StorageFormat } from "./format.ts";

/** Integers of a few bits in two's complement; adjacent ones share a scale:  value = code · scale. */
interface ScaledIntegers {
  readonly bits: 8 | 4;
  /** The scale of these numbers, before it is rounded to f32. */
  readonly scaleOf: (values: readonly number[]) => number;
  readonly lowest: number;
  readonly highest: number;
}

/** Rows as integers, `block` elements per scale; the first of a byte's codes is in its lowest bits. */
function encodeIntegers(values: ArrayLike<number>, block: number, format: ScaledIntegers) {
  const { bits, scaleOf, lowest, highest } = format;
  const perByte = 8 / bits;
  const data = new Uint8Array(values.length / perByte);
  const scales = new Float32Array(values.length / block);
  for (let first = 0; first < values.length; first += block) {
    const own = Array.from({ length: block }, (_, i) => values[first + i] ?? 0);
    const scale = Math.fround(scaleOf(own));
    scales[first / block] = scale;
    for (const [i, value] of own.entries()) {
      const code = scale === 0 ? 0 : Math.min(highest, Math.max(lowest, nearest(value / scale)));
      const at = first + i;
      const byte = Math.floor(at / perByte);
      data[byte] = (data[byte] ?? 0) | ((code & (2 ** bits - 1)) << ((at % perByte) * bits));
    }
  }
  return { data, scales };
}

/** Decodes such integers. */
function decodeIntegers({ data, scales }: Planes, block: number, bits: 8 | 4): Float64Array<ArrayBuffer> {
  const perByte = 8 / bits;
  return Float64Array.from({ length: data.length * perByte }, (_, i) => {
    const byte = data[Math.floor(i / perByte)] ?? 0;
    const code = (byte << (32 - bits * ((i % perByte) + 1))) >> (32 - bits);
    return code * (scales?.[Math.floor(i / block)] ?? 0);
  });
}

/** The number of largest magnitude, with its sign. */
const furthest = (values: readonly number[]): number =>
  values.reduce((far, value) => (Math.abs(value) > Math.abs(far) ? value : far), 0);

/** The nearest integer, halves to even. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}

const bytes: ScaledIntegers = {
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
  encode: (values: ArrayLike<number>, columns: number) => encodeIntegers(values, columns, bytes),
  decode: (planes: Planes, columns: number) => decodeIntegers(planes, columns, 8),
} as const satisfies StorageFormat;

const block = 32;

/** The number furthest from 0 becomes −8 exactly: the scale may be negative. */
const halves: ScaledIntegers = { bits: 4, scaleOf: (values) => furthest(values) / -8, lowest: -8, highest: 7 };

/** Signed halves of bytes, one scale for each 32 elements of a row (the blocks of llama.cpp's Q4_0, scales of f32). */
export const int4 = {
  name: "int4",
  planes: {
    data: { elements: 2, bytes: 1, array: Uint8Array },
    scales: { elements: block, bytes: 4, array: Float32Array },
  },
  encode: (values: ArrayLike<number>) => encodeIntegers(values, block, halves),
  decode: (planes: Planes) => decodeIntegers(planes, block, 4),
} as const satisfies StorageFormat;
