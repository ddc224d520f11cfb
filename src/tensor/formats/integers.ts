import type { Planes } from "./format.ts";

/** Integers of a few bits in two's complement; adjacent ones share a scale:  value = code · scale. */
export interface ScaledIntegers {
  readonly bits: 8 | 4;
  /** The scale of these numbers, before it is rounded to f32. */
  readonly scaleOf: (values: readonly number[]) => number;
  readonly lowest: number;
  readonly highest: number;
}

/** Rows as integers, `block` elements per scale; the first of a byte's codes is in its lowest bits. */
export function encodeIntegers(values: ArrayLike<number>, block: number, format: ScaledIntegers) {
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
export function decodeIntegers({ data, scales }: Planes, block: number, bits: 8 | 4): Float64Array<ArrayBuffer> {
  const perByte = 8 / bits;
  return Float64Array.from({ length: data.length * perByte }, (_, i) => {
    const byte = data[Math.floor(i / perByte)] ?? 0;
    const code = (byte << (32 - bits * ((i % perByte) + 1))) >> (32 - bits);
    return code * (scales?.[Math.floor(i / block)] ?? 0);
  });
}

/** The number of largest magnitude, with its sign. */
export const furthest = (values: readonly number[]): number =>
  values.reduce((far, value) => (Math.abs(value) > Math.abs(far) ? value : far), 0);

/** The nearest integer, halves to even. */
function nearest(x: number): number {
  const floor = Math.floor(x);
  if (x - floor !== 0.5) return Math.round(x);
  return floor % 2 === 0 ? floor : floor + 1;
}
