// Trigonometric functions and their inverses in doubles, from + − × ÷, square roots and whole numbers alone, so that
// every engine gives the same bits.
import { exponentOf, powerOfTwo, scaled } from "./numbers.ts";

/** π/2 = 1.921fb54442d18469898cc51701b839… in base 16: 33, 32 and 52 bits of it. */
const first = 0x1921fb544 * powerOfTwo(-32);
const second = 0x42d18469 * powerOfTwo(-64);
const third = 0x898cc51701b83 * powerOfTwo(-116);

/** What the last call of `quarterTurns` left of its angle. */
let rest = 0;

/**
 * The multiple of π/2 that is nearest to x, modulo 4 at least; `rest` becomes the difference, from −π/4 to π/4, rounded
 * once. Up to 2^20 π/2 has three parts (Cody and Waite 1980); beyond, and where little is left, it has 1,200 bits.
 */
function quarterTurns(x: number): number {
  if (!(Math.abs(x) <= 0x100000)) return exactQuarterTurns(x);
  const turns = Math.floor(x * (2 / Math.PI) + 0.5);
  // All is exact but the last product and the last sum.
  const far = x - turns * first;
  const near = far - turns * second;
  rest = near + (far - near - turns * second - turns * third);
  return turns !== 0 && Math.abs(rest) < powerOfTwo(-30) ? exactQuarterTurns(x) : turns;
}

/** Bits of π/2 after the point: as many as the largest double has before it, and 176 more. */
const bits = 1200;
let halfPi: bigint | undefined;

/** arctan(1/n) with `bits` bits after the point, by its series. */
function arctanOfInverse(n: bigint): bigint {
  let power = (1n << BigInt(bits)) / n;
  let sum = power;
  for (let i = 3n; power !== 0n; i += 2n) {
    power = -power / (n * n);
    sum += power / i;
  }
  return sum;
}

function exactQuarterTurns(x: number): number {
  const magnitude = Math.abs(x);
  rest = Number.NaN;
  if (!(magnitude < Number.POSITIVE_INFINITY)) return 0;
  halfPi ??= 8n * arctanOfInverse(5n) - 2n * arctanOfInverse(239n); // Machin 1706
  const exponent = exponentOf(magnitude) - 52;
  const angle = BigInt(scaled(magnitude, -exponent)) << BigInt(exponent + bits);
  const turns = (2n * angle + halfPi) / (2n * halfPi);
  const left = (angle - turns * halfPi) >> BigInt(bits - 160); // no double is nearer than 2^-62 to a multiple
  rest = Number(x < 0 ? -left : left) * powerOfTwo(-160);
  return Number(turns & 3n) * (x < 0 ? -1 : 1);
}

/** sin(x) for |x| ≤ π/4, by its series. */
function smallSin(x: number): number {
  const square = x * x;
  let sum = 1 / 1307674368000 - square / 355687428096000;
  sum = 1 / 39916800 - square * (1 / 6227020800 - square * sum);
  sum = 1 / 5040 - square * (1 / 362880 - square * sum);
  sum = 1 / 6 - square * (1 / 120 - square * sum);
  return x - x * square * sum;
}

/** cos(x) for |x| ≤ π/4, by its series. */
function smallCos(x: number): number {
  const square = x * x;
  let sum = 1 / 87178291200 - square / 20922789888000;
  sum = 1 / 3628800 - square * (1 / 479001600 - square * sum);
  sum = 1 / 720 - square * (1 / 40320 - square * sum);
  sum = 1 / 2 - square * (1 / 24 - square * sum);
  return 1 - square * sum;
}

/** The sine of this many quarter turns and `rest`. */
function sinOfRest(turns: number): number {
  const magnitude = turns & 1 ? smallCos(rest) : smallSin(rest);
  return turns & 2 ? -magnitude : magnitude;
}

/** The sine of an angle in radians, within 2 ulp for every double; NaN of infinities. */
export const sin = (x: number): number => sinOfRest(quarterTurns(x));

/** The cosine of an angle in radians, within 2 ulp for every double; NaN of infinities. */
export const cos = (x: number): number => sinOfRest(quarterTurns(x) + 1);

/** The tangent of an angle in radians, within 3 ulp for every double; NaN of infinities. */
export function tan(x: number): number {
  const turns = quarterTurns(x);
  return turns & 1 ? -smallCos(rest) / smallSin(rest) : smallSin(rest) / smallCos(rest);
}

/** arctan of 0, 1/4, 1/2, 3/4 and 1. */
const arctans = [0, 0.24497866312686414, 0.4636476090008061, 0.6435011087932844, Math.PI / 4] as const;

/** arctan(x) for x from 0 to 1: that of the nearest quarter c, and of (x − c) / (1 + x·c), which is at most 1/8. */
function smallAtan(x: number): number {
  const quarters = Math.floor(4 * x + 0.5);
  const t = (x - quarters / 4) / (1 + (x * quarters) / 4);
  const square = t * t;
  let sum = 1 / 15 - square * (1 / 17 - square / 19);
  sum = 1 / 11 - square * (1 / 13 - square * sum);
  sum = 1 / 7 - square * (1 / 9 - square * sum);
  sum = 1 / 3 - square * (1 / 5 - square * sum);
  return (arctans[quarters] as number) + (t - t * square * sum);
}

/** The angle whose tangent is x, in radians from −π/2 to π/2, within 2 ulp. */
export function atan(x: number): number {
  const magnitude = Math.abs(x);
  if (!(magnitude > 0)) return x; // ±0 and NaN
  const angle = magnitude <= 1 ? smallAtan(magnitude) : Math.PI / 2 - smallAtan(1 / magnitude);
  return x < 0 ? -angle : angle;
}

const isNegative = (x: number): boolean => x < 0 || Object.is(x, -0);

/** The angle of the point (x, y), in radians from −π to π, within 3 ulp; NaN where both are infinite. */
export function atan2(y: number, x: number): number {
  const height = Math.abs(y);
  const width = Math.abs(x);
  let angle = 0;
  if (height !== 0) angle = height <= width ? atan(height / width) : Math.PI / 2 - atan(width / height);
  if (isNegative(x)) angle = Math.PI - angle;
  return isNegative(y) ? -angle : angle;
}

/** The angle whose sine is x, in radians, within 3 ulp; NaN beyond ±1. */
export const asin = (x: number): number => atan2(x, Math.sqrt((1 - x) * (1 + x)));

/** The angle whose cosine is x, in radians, within 3 ulp; NaN beyond ±1. */
export const acos = (x: number): number => atan2(Math.sqrt((1 - x) * (1 + x)), x);
