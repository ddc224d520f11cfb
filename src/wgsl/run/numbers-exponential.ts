// Exponentials, logarithms and hyperbolic functions in doubles, from + − × ÷ and square roots alone: ECMAScript leaves
// `Math.exp` and its like to the engine, and a kernel's results are to be the same bits in all of them.
import { exponentOf, powerOfTwo, scaled } from "./numbers.ts";

/** log 2 = 0.b17217f7d1cf79abc9e3b… in base 16: its first 32 bits, which times any exponent are exact, and the next 52. */
const ln2High = 0xb17217f7 * powerOfTwo(-32);
const ln2Low = 0xd1cf79abc9e3b * powerOfTwo(-84);

/** e^r − 1 for |r| ≤ 0.35, by 13 terms of its series: the next one is below 2^-57 of the result. */
function smallExp(r: number): number {
  let sum = 1 / 479001600 + r / 6227020800;
  sum = 1 / 3628800 + r * (1 / 39916800 + r * sum);
  sum = 1 / 40320 + r * (1 / 362880 + r * sum);
  sum = 1 / 720 + r * (1 / 5040 + r * sum);
  sum = 1 / 24 + r * (1 / 120 + r * sum);
  sum = 1 / 2 + r * (1 / 6 + r * sum);
  return r + r * r * sum;
}

/** e^(x + low), where `low` is what a sum of two doubles lost. */
function expOf(x: number, low: number): number {
  if (!(x < 710)) return x > 0 ? Number.POSITIVE_INFINITY : x;
  if (x < -746) return 0;
  const twos = Math.floor(x * Math.LOG2E + 0.5);
  const r = x - twos * ln2High - (twos * ln2Low - low);
  return scaled(1 + smallExp(r), twos);
}

/** e^x, within 1 ulp. */
export const exp = (x: number): number => expOf(x, 0);

/** 2^x, within 1 ulp, exact for whole x. */
export function exp2(x: number): number {
  if (!(x < 1024)) return x > 0 ? Number.POSITIVE_INFINITY : x;
  if (x < -1076) return 0;
  const twos = Math.floor(x + 0.5);
  return scaled(1 + smallExp((x - twos) * Math.LN2), twos);
}

/** atanh(s) / s − 1 for |s| ≤ 0.172, of s²: 10 terms of the series, the next one is below 2^-57. */
function atanhTail(square: number): number {
  let sum = 1 / 19 + square / 21;
  sum = 1 / 15 + square * (1 / 17 + square * sum);
  sum = 1 / 11 + square * (1 / 13 + square * sum);
  sum = 1 / 7 + square * (1 / 9 + square * sum);
  return square * (1 / 3 + square * (1 / 5 + square * sum));
}

/**
 * f − log(1 + f) for 1 + f from √½ to √2: with s = f / (2 + f), the logarithm is 2·atanh(s), and 2s is f − s·f, of
 * which f is exact.
 */
function smallLog(f: number): number {
  const s = f / (2 + f);
  return s * (f - 2 * atanhTail(s * s));
}

/** The exponent k for which x·2^-k is from √½ to √2, for positive finite x. */
function nearestTwo(x: number): number {
  const exponent = exponentOf(x);
  return scaled(x, -exponent) > Math.SQRT2 ? exponent + 1 : exponent;
}

/** The logarithm of what has none among numbers, or is infinite. */
const edgeLog = (x: number): number => (x === 0 ? Number.NEGATIVE_INFINITY : x > 0 ? x : Number.NaN);

/** The natural logarithm, within 1 ulp; −∞ of 0, NaN of negative numbers. */
export function log(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) return edgeLog(x);
  const twos = nearestTwo(x);
  const f = scaled(x, -twos) - 1;
  return twos * ln2High - (smallLog(f) - twos * ln2Low - f);
}

/** The logarithm to base 2, within 2 ulp, exact for powers of two. */
export function log2(x: number): number {
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) return edgeLog(x);
  const twos = nearestTwo(x);
  const f = scaled(x, -twos) - 1;
  return twos + (f - smallLog(f)) * Math.LOG2E;
}

/** log(1 + f), precise for small f too. */
const logOnePlus = (f: number): number => (f > -0.29 && f < 0.41 ? f - smallLog(f) : log(1 + f));

/** The leading 26 bits of a double (Dekker 1971). */
function leading(x: number): number {
  const up = x * 0x8000001;
  return up - (up - x);
}

/** a·b minus `product`, which is a·b rounded (Dekker 1971). */
function lostBy(product: number, a: number, b: number): number {
  const a1 = leading(a);
  const b1 = leading(b);
  const a2 = a - a1;
  const b2 = b - b1;
  return a1 * b1 - product + a1 * b2 + a2 * b1 + a2 * b2;
}

/** log(x) − high, where `high` is the logarithm rounded; `f` is x·2^-twos − 1. */
function logRest(high: number, twos: number, f: number): number {
  const d = 2 + f;
  const s = f / d;
  // What s lost: f − s·(2 + f), exactly, where d has lost something too. The slope of atanh is 1 + s² + ….
  const product = s * d;
  const sRest = (f - product - lostBy(product, s, d) - s * (f - (d - 2))) / d;
  // log(x) is the sum of twos·ln2High, 2s and smaller terms; the larger ones cancel exactly.
  const tail = 2 * s * atanhTail(s * s) + 2 * sRest * (1 + s * s) + twos * ln2Low;
  return twos * ln2High - high + 2 * s + tail;
}

/**
 * x^y for x ≥ 0, as e^(y·log x) with a logarithm of two doubles: within 2 ulp from 2^-128 to 2^128, within 8 beyond.
 * NaN for negative x, for which WGSL has no value; 1 for x = 1 or y = 0.
 */
export function pow(x: number, y: number): number {
  if (x === 1 || y === 0) return 1;
  if (!(x > 0 && x < Number.POSITIVE_INFINITY)) return exp(y * edgeLog(x));
  const twos = nearestTwo(x);
  const f = scaled(x, -twos) - 1;
  const high = twos * ln2High - (smallLog(f) - twos * ln2Low - f);
  const product = y * high;
  if (!(Math.abs(product) < 750)) return exp(product);
  return expOf(product, lostBy(product, y, high) + y * logRest(high, twos, f));
}

/** sinh(x) for |x| ≤ 1, by its series. */
function smallSinh(x: number): number {
  const square = x * x;
  let sum = 1 / 1307674368000 + square / 355687428096000;
  sum = 1 / 39916800 + square * (1 / 6227020800 + square * sum);
  sum = 1 / 5040 + square * (1 / 362880 + square * sum);
  sum = 1 / 6 + square * (1 / 120 + square * sum);
  return x + x * square * sum;
}

/** e^x / 2, which is finite a little longer than e^x. */
const halfExp = (x: number): number => (x < 709 ? exp(x) / 2 : (exp(x / 2) / 2) * exp(x / 2));

/** The hyperbolic sine, within 3 ulp. */
export function sinh(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 1) return smallSinh(x);
  const half = halfExp(magnitude);
  const result = half - 1 / (4 * half);
  return x < 0 ? -result : result;
}

/** The hyperbolic cosine, within 3 ulp. */
export function cosh(x: number): number {
  const half = halfExp(Math.abs(x));
  return half + 1 / (4 * half);
}

/** The hyperbolic tangent, within 3 ulp. */
export function tanh(x: number): number {
  const magnitude = Math.abs(x);
  if (magnitude < 1) return smallSinh(x) / cosh(x);
  const result = 1 - 2 / (exp(2 * magnitude) + 1);
  return x < 0 ? -result : result;
}

/** From here on, a root of x² ± 1 is x. */
const large = 0x10000000;

/** The inverse of `sinh`, within 3 ulp. */
export function asinh(x: number): number {
  const a = Math.abs(x);
  if (a === 0) return x;
  const result = a > large ? log(a) + Math.LN2 : logOnePlus(a + (a * a) / (1 + Math.sqrt(a * a + 1)));
  return x < 0 ? -result : result;
}

/** The inverse of `cosh`, within 3 ulp; NaN below 1. */
export function acosh(x: number): number {
  if (x < 1) return Number.NaN;
  if (x > large) return log(x) + Math.LN2;
  return logOnePlus(x - 1 + Math.sqrt((x - 1) * (x + 1)));
}

/** The inverse of `tanh`, within 3 ulp: infinite at ±1, NaN beyond. */
export function atanh(x: number): number {
  const a = Math.abs(x);
  if (a === 0) return x;
  const result = logOnePlus((2 * a) / (1 - a)) / 2;
  return x < 0 ? -result : result;
}
