// Numbers of WGSL's scalar types as JavaScript's doubles: rounding to a type, bits of f16, exact powers of two.
import type { ScalarName } from "./types.ts";

/** One f32 and its bits. Both views have elements of four bytes, so the order of bytes does not matter. */
const floats = new Float32Array(1);
const words = new Uint32Array(floats.buffer);

/** The bits of 2^-14, the least normal f16, and what is added to the exponent of x for 2^52 spacings of f16 at x. */
const leastNormal = (127 - 14) << 23;
const toSpacings = (52 - 10) << 23;

/**
 * The nearest f16 of a double, ties to even (IEEE 754, section 4.3.1): infinite from 65520 on; subnormals, −0 and NaN
 * are kept. Doubles between 2^52 and 2^53 spacings of f16 are whole spacings, so adding 2^52 of them rounds.
 */
export function roundHalf(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude >= 65520) return x < 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY;
  // Where f32 rounds up to a power of two, so does f16, with the spacing below it or above it.
  floats[0] = magnitude;
  words[0] = Math.max((words[0] as number) & 0x7f800000, leastNormal) + toSpacings;
  const spacings = floats[0] as number;
  const rounded = magnitude + spacings - spacings;
  if (rounded === 0) return x * 0; // with the sign of x
  return x < 0 ? -rounded : rounded;
}

/** The 16 bits of the nearest f16. There is one NaN, 0x7e00. */
export function halfBits(x: number): number {
  const half = roundHalf(x);
  if (Number.isNaN(half)) return 0x7e00;
  floats[0] = half;
  const word = words[0] as number;
  const sign = (word >>> 16) & 0x8000;
  const magnitude = word & 0x7fffffff;
  if (magnitude >= 0x7f800000) return sign | 0x7c00;
  if (magnitude < leastNormal) return sign | (Math.abs(half) * 0x1000000); // in units of 2^-24
  return sign | ((magnitude - ((127 - 15) << 23)) >>> 13);
}

/** The f16 of 16 bits. Each NaN becomes the one that JavaScript has. */
export function halfOf(bits: number): number {
  const exponent = (bits >>> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 0) return ((bits & 0x8000 ? -1 : 1) * fraction) / 0x1000000;
  if (exponent === 31 && fraction !== 0) return Number.NaN;
  words[0] = ((bits & 0x8000) << 16) | ((exponent === 31 ? 255 : exponent + 112) << 23) | (fraction << 13);
  return floats[0] as number;
}

/** The bits of the nearest f32, as a u32. */
export function floatBits(x: number): number {
  floats[0] = x;
  return words[0] as number;
}

/** The f32 of 32 bits. Whether a NaN keeps its bits depends on the engine. */
export function floatOf(bits: number): number {
  words[0] = bits;
  return floats[0] as number;
}

/**
 * A number rounded once to a type: floats to nearest, ties to even; whole numbers modulo 2^32; booleans to 0 and 1.
 * Abstract numbers stay as they are.
 */
export function roundTo(value: number, scalar: ScalarName): number {
  switch (scalar) {
    case "f32":
      return Math.fround(value);
    case "f16":
      return roundHalf(value);
    case "i32":
      return value | 0;
    case "u32":
      return value >>> 0;
    case "bool":
      return value === 0 ? 0 : 1;
    default:
      return value;
  }
}

/**
 * a·b + c for operands of f32 or f16, as a double that rounds to f32 and to f16 as the exact result does. The product
 * is exact. Where the sum is not, it errs only if it lies half way between two results; then it is moved a little
 * towards the exact one. Such a sum has at most 25 significant bits (Boldo and Melquiond 2008 round to odd for this).
 */
export function fma(a: number, b: number, c: number): number {
  const product = a * b;
  const sum = product + c;
  const scaledUp = sum * 0x10000001; // Dekker 1971: the difference of these two is the sum rounded to 25 bits
  if (scaledUp - (scaledUp - sum) !== sum) return sum;
  // Knuth's TwoSum: what the sum lost.
  const added = sum - product;
  const error = product - (sum - added) + (c - added);
  if (error === 0) return sum;
  return sum * (error > 0 === sum > 0 ? 1 + Number.EPSILON : 1 - Number.EPSILON);
}

/** The least and the largest number that both types have. */
const shared = {
  i32: {
    f32: { least: -2147483648, most: 2147483520 },
    f16: { least: -65504, most: 65504 },
    "abstract-float": { least: -2147483648, most: 2147483647 },
  },
  u32: {
    f32: { least: 0, most: 4294967040 },
    f16: { least: 0, most: 65504 },
    "abstract-float": { least: 0, most: 4294967295 },
  },
} as const;

/**
 * A float as an integer: clamped to the values that both types have, and truncated (WGSL, section 15.7.6). NaN, for
 * which WGSL takes any value, becomes 0.
 */
export function floatToInteger(x: number, to: "i32" | "u32", from: "f32" | "f16" | "abstract-float"): number {
  if (Number.isNaN(x)) return 0;
  const { least, most } = shared[to][from];
  return Math.trunc(Math.min(Math.max(x, least), most)) + 0; // -0 becomes 0
}

/** 2^-1074 to 2^1023. */
const powers = new Float64Array(1074 + 1024);
for (let i = 0, power = Number.MIN_VALUE; i < powers.length; i++, power *= 2) powers[i] = power;

/** 2^n for a whole n from −1074 to 1023. */
export const powerOfTwo = (n: number): number => powers[n + 1074] as number;

/** x·2^n for a whole n, rounded once unless the result is subnormal. */
export function scaled(x: number, n: number): number {
  let value = x;
  let left = Math.min(Math.max(n, -2200), 2200); // more than any double takes
  for (; left > 1023; left -= 1023) value *= powerOfTwo(1023);
  for (; left < -1074; left += 1074) value *= powerOfTwo(-1074);
  return value * powerOfTwo(left);
}

/** ⌊log2 |x|⌋; 0 for 0, infinities and NaN. */
export function exponentOf(x: number): number {
  let magnitude = Math.abs(x);
  if (!(magnitude > 0 && magnitude < Number.POSITIVE_INFINITY)) return 0;
  let exponent = 0;
  for (; magnitude < powerOfTwo(-126); exponent -= 120) magnitude *= powerOfTwo(120);
  for (; magnitude >= powerOfTwo(127); exponent += 120) magnitude *= powerOfTwo(-120);
  floats[0] = magnitude;
  const rounded = ((words[0] as number) >>> 23) - 127;
  return exponent + (magnitude < powerOfTwo(rounded) ? rounded - 1 : rounded);
}
