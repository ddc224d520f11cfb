import weight from "#shaders/lib/weight/mxfp4.wgsl";
import wide from "#shaders/lib/wide/mxfp4.wgsl";
import type { Codec, Planes } from "../format.ts";

/** Elements per block. */
const block = 32;

/** The values of four-bit codes (E2M1): one sign bit, two bits of exponent, one of fraction. */
const e2m1 = [0, 0.5, 1, 1.5, 2, 3, 4, 6, -0, -0.5, -1, -1.5, -2, -3, -4, -6];

/** Exponent of the largest code, 6 = 1.5 · 2². */
const maxExponent = 2;

/** The code nearest to a number, ties to the even one; numbers too large become the largest. */
function codeOf(value: number): number {
  const magnitude = Math.abs(value);
  let code = 0;
  while (code < 7) {
    const half = ((e2m1[code] ?? 0) + (e2m1[code + 1] ?? 0)) / 2;
    if (magnitude < half || (magnitude === half && code % 2 === 0)) break;
    code++;
  }
  return (value < 0 || Object.is(value, -0) ? 8 : 0) | code;
}

/** A block's power of two: that of its largest number, less the exponent of the largest code (section 6.3). */
function exponentOf(values: readonly number[]): number {
  const largest = Math.max(...values.map(Math.abs));
  if (!Number.isFinite(largest)) return 255;
  const exponent = largest === 0 ? -127 : Math.floor(Math.log2(largest)) - maxExponent;
  return Math.min(254, Math.max(0, exponent + 127));
}

function encode(values: ArrayLike<number>) {
  const data = new Uint8Array(values.length / 2);
  const scales = new Uint8Array(values.length / block);
  for (let first = 0; first < values.length; first += block) {
    const own = Array.from({ length: block }, (_, i) => values[first + i] ?? 0);
    const exponent = exponentOf(own);
    scales[first / block] = exponent;
    for (const [i, value] of own.entries()) {
      const at = (first + i) >> 1;
      data[at] = (data[at] ?? 0) | (codeOf(value / 2 ** (exponent - 127)) << (4 * (i % 2)));
    }
  }
  return { data, scales };
}

function decode({ data, scales }: Planes): Float64Array<ArrayBuffer> {
  return Float64Array.from({ length: 2 * data.length }, (_, i) => {
    const code = ((data[i >> 1] ?? 0) >> (4 * (i % 2))) & 15;
    const exponent = scales?.[Math.floor(i / block)] ?? 0;
    return exponent === 255 ? Number.NaN : (e2m1[code] ?? 0) * 2 ** (exponent - 127);
  });
}

/** Scales below this give only finite numbers: 6 · 2¹²⁵ is less than 2¹²⁸. */
const firstSuspect = 125 + 127 + 1;

function firstNotFinite({ data, scales = new Uint8Array() }: Planes) {
  for (let at = 0; at < scales.length; at++) {
    if ((scales[at] ?? 0) < firstSuspect) continue;
    const bytes = data.subarray((at * block) / 2, ((at + 1) * block) / 2);
    const values = Float32Array.from(decode({ data: bytes, scales: scales.subarray(at, at + 1) }));
    const index = values.findIndex((value) => !Number.isFinite(value));
    if (index >= 0) return { index: at * block + index, value: values[index] ?? Number.NaN };
  }
  return undefined;
}

const half = block / 2;
const bytes = 1 + half;

/** Planes of ggml's blocks: an exponent, then codes, where elements i and i + 16 share a byte, not 2i and 2i + 1. */
function split(blocks: Uint8Array) {
  const count = Math.floor(blocks.length / bytes);
  const [data, scales] = [new Uint8Array(count * half), new Uint8Array(count)];
  for (let cell = 0; cell < count; cell++) {
    scales[cell] = blocks[cell * bytes] ?? 0;
    for (let i = 0; i < half / 2; i++) {
      const [even = 0, odd = 0] = [blocks[cell * bytes + 1 + 2 * i], blocks[cell * bytes + 2 + 2 * i]];
      data[cell * half + i] = (even & 15) | ((odd & 15) << 4);
      data[cell * half + half / 2 + i] = (even >> 4) | (odd & 0xf0);
    }
  }
  return { data, scales };
}

/** The inverse of `split`. */
function join({ data, scales }: Planes): Uint8Array {
  const codes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  const blocks = new Uint8Array((codes.length / half) * bytes);
  for (let cell = 0; cell < codes.length / half; cell++) {
    blocks[cell * bytes] = scales?.[cell] ?? 0;
    for (let i = 0; i < half / 2; i++) {
      const [low = 0, high = 0] = [codes[cell * half + i], codes[cell * half + half / 2 + i]];
      blocks[cell * bytes + 1 + 2 * i] = (low & 15) | ((high & 15) << 4);
      blocks[cell * bytes + 2 + 2 * i] = (low >> 4) | (high & 0xf0);
    }
  }
  return blocks;
}

/**
 * MXFP4 (OCP microscaling formats 1.0, section 5.3): blocks of 32 four-bit numbers, an even element in the lower half
 * of a byte, with a shared power-of-two scale stored as its exponent plus 127; 255 marks a block of NaN.
 */
export const mxfp4: Codec = {
  name: "mxfp4",
  encode,
  decode,
  firstNotFinite,
  ggml: { split, join },
  // A load reads a word of codes and a word of exponents.
  weight: { part: weight, one: 8, four: 8 },
  wide: () => ({ part: wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
};
