// Words of 32 bits that hold several numbers (WGSL, sections 17.5, 17.9 and 17.10), and other readings of their bits.
import { floatBits, floatOf, halfBits, halfOf } from "./numbers.ts";
import type { ScalarName } from "./types.ts";

/** Operands of scalars to the scalars of a result. */
type Packing = (values: readonly (readonly number[])[]) => number[];

/** Field `i` of a word, `width` bits wide. */
const field = (word: number, i: number, width: number): number => (word << (32 - width * (i + 1))) >>> (32 - width);

/** The same, with a sign. */
const signedField = (word: number, i: number, width: number): number =>
  (word << (32 - width * (i + 1))) >> (32 - width);

/** Numbers as the low bits of codes, the first one lowest. */
const pack =
  (width: number, codeOf: (x: number) => number): Packing =>
  ([numbers = []]) => {
    let word = 0;
    for (const [i, x] of numbers.entries()) word |= field(codeOf(x), 0, width) << (width * i);
    return [word >>> 0];
  };

const unpack =
  (width: number, read: typeof field, numberOf: (code: number) => number): Packing =>
  ([[word = 0] = []]) =>
    Array.from({ length: 32 / width }, (_, i) => numberOf(read(word, i, width)));

/** ⌊½ + scale · x⌋ of x clamped to `least` and 1. */
const normalise = (scale: number, least: number) => (x: number) => Math.round(scale * Math.min(1, Math.max(least, x)));

const fromSigned = (scale: number) => (code: number) => Math.fround(Math.max(code / scale, -1));
const fromUnsigned = (scale: number) => (code: number) => Math.fround(code / scale);
const itself = (x: number): number => x;

/** The sum of the products of four fields. */
const dot4 =
  (read: typeof field): Packing =>
  ([[a = 0] = [], [b = 0] = []]) => {
    let sum = 0;
    for (let i = 0; i < 4; i++) sum += read(a, i, 8) * read(b, i, 8);
    return [sum];
  };

/** Builtin functions of packed words by their names. */
export const packings: Readonly<Record<string, Packing>> = {
  pack4x8snorm: pack(8, normalise(127, -1)),
  pack4x8unorm: pack(8, normalise(255, 0)),
  pack4xI8: pack(8, itself),
  pack4xU8: pack(8, itself),
  pack4xI8Clamp: pack(8, (x) => Math.min(127, Math.max(-128, x))),
  pack4xU8Clamp: pack(8, (x) => Math.min(255, x)),
  pack2x16snorm: pack(16, normalise(32767, -1)),
  pack2x16unorm: pack(16, normalise(65535, 0)),
  pack2x16float: pack(16, halfBits),
  unpack4x8snorm: unpack(8, signedField, fromSigned(127)),
  unpack4x8unorm: unpack(8, field, fromUnsigned(255)),
  unpack4xI8: unpack(8, signedField, itself),
  unpack4xU8: unpack(8, field, itself),
  unpack2x16snorm: unpack(16, signedField, fromSigned(32767)),
  unpack2x16unorm: unpack(16, field, fromUnsigned(65535)),
  unpack2x16float: unpack(16, field, halfOf),
  dot4U8Packed: dot4(field),
  dot4I8Packed: dot4(signedField),
};

/** The bits of scalars as words of 32, two f16 in each, the first one lower. */
function toWords(values: readonly number[], from: ScalarName): number[] {
  if (from === "f32") return values.map(floatBits);
  if (from !== "f16") return values.map((value) => value >>> 0);
  return Array.from(
    { length: values.length / 2 },
    (_, i) => (halfBits(values[2 * i] ?? 0) | (halfBits(values[2 * i + 1] ?? 0) << 16)) >>> 0,
  );
}

function fromWords(words: readonly number[], to: ScalarName): number[] {
  if (to === "f32") return words.map(floatOf);
  if (to === "f16") return words.flatMap((word) => [halfOf(word & 0xffff), halfOf(word >>> 16)]);
  return to === "i32" ? words.map((word) => word | 0) : [...words];
}

/**
 * The same bits as other scalars, two of f16 for one of 32 bits (WGSL, section 17.2). Bits of a NaN may become those of
 * another one, as JavaScript's numbers do not keep them.
 */
export function bitcastScalars(values: readonly number[], from: ScalarName, to: ScalarName): number[] {
  return from === to ? [...values] : fromWords(toWords(values, from), to);
}
