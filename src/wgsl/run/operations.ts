// Operators and builtin functions that give one scalar for one scalar of each operand (WGSL, sections 8 and 17).

import { fma, roundHalf, scaled } from "./numbers.ts";
import { acos, asin, atan, atan2, cos, sin, tan } from "./numbers-circular.ts";
import { acosh, asinh, atanh, cosh, exp, exp2, log, log2, pow, sinh, tanh } from "./numbers-exponential.ts";
import type { ScalarName } from "./types.ts";

/** A result from the operands in order; those that an operation does not have are ignored. */
type ScalarFunction = (a: number, b: number, c: number, d: number) => number;

type Functions = Readonly<Record<string, ScalarFunction>>;

const equality: Functions = {
  "==": (a, b) => (a === b ? 1 : 0),
  "!=": (a, b) => (a !== b ? 1 : 0),
  select: (no, yes, condition) => (condition === 0 ? no : yes),
};

/** What all numbers have. */
const ordered: Functions = {
  "<": (a, b) => (a < b ? 1 : 0),
  "<=": (a, b) => (a <= b ? 1 : 0),
  ">": (a, b) => (a > b ? 1 : 0),
  ">=": (a, b) => (a >= b ? 1 : 0),
  min,
  max,
  clamp: (x, low, high) => min(max(x, low), high),
};

/** As WGSL defines it: a NaN is kept as first operand and dropped as second, unlike by `Math.min`. */
function min(a: number, b: number): number {
  if (b < a) return b;
  return a;
}

/** As WGSL defines it. */
function max(a: number, b: number): number {
  if (a < b) return b;
  return a;
}

/** The nearest whole number, ties to even: doubles from 2^52 on are whole. */
function round(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude < 0x10000000000000)) return x;
  const rounded = magnitude + 0x10000000000000 - 0x10000000000000;
  if (rounded === 0) return x * 0; // with the sign of x
  return x < 0 ? -rounded : rounded;
}

/** In doubles: rounded once after that, sums, products, quotients and roots are the nearest numbers of f32 and f16. */
const floats: Functions = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b, // exact
  negate: (a) => -a,
  abs: Math.abs,
  ceil: Math.ceil,
  floor: Math.floor,
  trunc: Math.trunc,
  round,
  fract: (x) => x - Math.floor(x),
  sign: (x) => Math.sign(x) + 0, // -0 becomes 0
  saturate: (x) => min(max(x, 0), 1),
  step: (edge, x) => (edge <= x ? 1 : 0),
  smoothstep(low, high, x) {
    const t = min(max((x - low) / (high - low), 0), 1);
    return t * t * (3 - 2 * t);
  },
  mix: (x, y, share) => x * (1 - share) + y * share,
  degrees: (x) => x * (180 / Math.PI),
  radians: (x) => x * (Math.PI / 180),
  sqrt: Math.sqrt,
  inverseSqrt: (x) => 1 / Math.sqrt(x),
  ldexp: scaled,
  fma: (a, b, c) => a * b + c, // exact for f16
  pow,
  exp,
  exp2,
  log,
  log2,
  sin,
  cos,
  tan,
  asin,
  acos,
  atan,
  atan2,
  sinh,
  cosh,
  tanh,
  asinh,
  acosh,
  atanh,
};

/** Of 32 bits, with a result from −2^31 to 2^31 − 1. */
const bits: Functions = {
  countOneBits,
  countLeadingZeros: Math.clz32,
  countTrailingZeros: (x) => (x === 0 ? 32 : trailingBit(x)),
  firstTrailingBit: trailingBit,
  reverseBits,
  insertBits,
  "~": (a) => ~a,
};

/** The number of the lowest bit that is set; −1 without one. */
function trailingBit(x: number): number {
  return 31 - Math.clz32(x & -x);
}

/** Sums of 1, 2, 4 and then all bits side by side. */
function countOneBits(x: number): number {
  const pairs = x - ((x >>> 1) & 0x55555555);
  const fours = (pairs & 0x33333333) + ((pairs >>> 2) & 0x33333333);
  return Math.imul((fours + (fours >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
}

/** Swaps halves, then bytes, and so on to single bits. */
function reverseBits(x: number): number {
  let word = (x >>> 16) | (x << 16);
  word = ((word >>> 8) & 0x00ff00ff) | ((word & 0x00ff00ff) << 8);
  word = ((word >>> 4) & 0x0f0f0f0f) | ((word & 0x0f0f0f0f) << 4);
  word = ((word >>> 2) & 0x33333333) | ((word & 0x33333333) << 2);
  return ((word >>> 1) & 0x55555555) | ((word & 0x55555555) << 1);
}

/** Of `count` bits from `offset` on, those that a word of 32 has. */
function bitsWithin(offset: number, count: number): number {
  return Math.min(count, 32 - Math.min(offset, 32));
}

function insertBits(x: number, inserted: number, offset: number, count: number): number {
  const width = bitsWithin(offset, count);
  if (width === 0) return x | 0;
  const mask = (0xffffffff >>> (32 - width)) << offset;
  return (x & ~mask) | ((inserted << offset) & mask);
}

const signed: Functions = {
  "+": (a, b) => (a + b) | 0,
  "-": (a, b) => (a - b) | 0,
  "*": Math.imul,
  "/": (a, b) => (b === 0 ? a : (a / b) | 0), // −2^31 / −1 wraps to −2^31
  "%": (a, b) => (b === 0 ? 0 : (a % b) | 0),
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "^": (a, b) => a ^ b,
  "<<": (a, b) => a << b, // JavaScript takes the amount modulo 32, too
  ">>": (a, b) => a >> b,
  negate: (a) => -a | 0,
  abs: (a) => (a < 0 ? -a | 0 : a),
  sign: (a) => Math.sign(a),
  firstLeadingBit: (x) => 31 - Math.clz32(x < 0 ? ~x : x),
  extractBits(x, offset, count) {
    const width = bitsWithin(offset, count);
    return width === 0 ? 0 : (x << (32 - width - offset)) >> (32 - width);
  },
};

const unsigned: Functions = {
  "+": (a, b) => (a + b) >>> 0,
  "-": (a, b) => (a - b) >>> 0,
  "*": (a, b) => Math.imul(a, b) >>> 0,
  "/": (a, b) => (b === 0 ? a : (a / b) >>> 0),
  "%": (a, b) => (b === 0 ? 0 : a % b),
  "&": (a, b) => (a & b) >>> 0,
  "|": (a, b) => (a | b) >>> 0,
  "^": (a, b) => (a ^ b) >>> 0,
  "<<": (a, b) => (a << b) >>> 0,
  ">>": (a, b) => a >>> b,
  abs: (a) => a,
  firstLeadingBit: (x) => (31 - Math.clz32(x)) >>> 0,
  extractBits(x, offset, count) {
    const width = bitsWithin(offset, count);
    return width === 0 ? 0 : (x << (32 - width - offset)) >>> (32 - width);
  },
};

const booleans: Functions = {
  "&": (a, b) => a & b,
  "|": (a, b) => a | b,
  "!": (a) => (a === 0 ? 1 : 0),
};

/** The same functions, their results as numbers from 0 to 2^32 − 1. */
const asUnsigned = (functions: Functions): Functions =>
  Object.fromEntries(
    Object.entries(functions).map(([name, apply]): [string, ScalarFunction] => [
      name,
      (a, b, c, d) => apply(a, b, c, d) >>> 0,
    ]),
  );

const together = (...parts: readonly Functions[]): ReadonlyMap<string, ScalarFunction> =>
  new Map(parts.flatMap((part) => Object.entries(part)));

/** Abstract integers are not here: they have 64 bits, and constants alone have them. */
const tables: Readonly<Record<Exclude<ScalarName, "abstract-int">, ReadonlyMap<string, ScalarFunction>>> = {
  bool: together(equality, booleans),
  i32: together(equality, ordered, bits, signed),
  u32: together(equality, ordered, asUnsigned(bits), unsigned),
  f32: together(equality, ordered, floats, { fma, quantizeToF16: roundHalf }),
  f16: together(equality, ordered, floats),
  "abstract-float": together(equality, ordered, floats),
};

/**
 * What an operator, by its sign (unary minus is `negate`), or a builtin function computes from one scalar of each
 * operand, for operands of this scalar type; of shifts, `ldexp` and bit fields it is the type of the first one.
 * Undefined where WGSL has no such operation. Integers come out wrapped, comparisons as 0 or 1; floats are yet to be
 * rounded by `roundTo`. A condition of `select` is 0 or 1.
 */
export function scalarFunction(name: string, scalar: ScalarName): ScalarFunction | undefined {
  return scalar === "abstract-int" ? undefined : tables[scalar].get(name);
}
