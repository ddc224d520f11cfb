// Functions to hundreds of digits, by series of whole numbers: what those of doubles are compared with.
import { lengthOf, ratio } from "./exact.ts";

/** A function of one or two numbers; here a number is one times 2^bits, rounded. */
export type Exact = (x: bigint, y: bigint) => bigint;

/** Functions with this many bits after the point; the last forty or so may be wrong. */
export function fixedPoint(bits: number) {
  const shift = BigInt(bits);
  const one = 1n << shift;
  const times = (a: bigint, b: bigint) => (a * b) >> shift;
  const over = (a: bigint, b: bigint) => (a << shift) / b;

  const of = (x: number): bigint => {
    const exact = ratio(x);
    return (exact.over << shift) / exact.under;
  };
  const toNumber = (x: bigint): number => {
    const dropped = Math.max(0, lengthOf(x < 0n ? -x : x) - 64);
    return Number(x >> BigInt(dropped)) * 2 ** (dropped - bits);
  };

  /** The sum of terms, each made of the one before, up to the first that is zero. */
  const series = (first: bigint, next: (term: bigint, n: bigint) => bigint): bigint => {
    let sum = 0n;
    let n = 1n;
    for (let term = first; term !== 0n && term !== -1n; term = next(term, n++)) sum += term;
    return sum;
  };

  const exp = (x: bigint): bigint => {
    const part = x >> 32n;
    let result = series(one, (term, n) => times(term, part) / n);
    for (let i = 0; i < 32; i++) result = times(result, result);
    return result;
  };

  /** Halley's method triples the digits of `Math.log` at each step. */
  const log = (x: bigint): bigint => {
    let y = of(Math.log(toNumber(x)));
    for (let i = 0; i < 4; i++) {
      const power = exp(y);
      y += over(2n * (x - power), x + power);
    }
    return y;
  };

  const sqrt = (x: bigint): bigint => {
    const square = x << shift;
    let root = 1n << BigInt(Math.ceil(lengthOf(square + 1n) / 2));
    for (;;) {
      const next = (root + square / root) / 2n;
      if (next >= root) return root;
      root = next;
    }
  };

  /** arctan of a small ratio. */
  const arctan = (a: bigint, b: bigint): bigint => {
    let power = (a << shift) / b;
    let sum = 0n;
    for (let n = 1n; power !== 0n; n += 2n) {
      sum += power / n;
      power = (-power * a * a) / (b * b);
    }
    return sum;
  };
  const pi = 20n * arctan(1n, 7n) + 8n * arctan(3n, 79n); // Euler 1755

  const reduced = (x: bigint): bigint => {
    const turns = (x + pi) / (2n * pi);
    return x - turns * 2n * pi;
  };
  const sin = (x: bigint): bigint => {
    const angle = reduced(x);
    const square = times(angle, angle);
    return series(angle, (term, n) => -times(term, square) / (2n * n * (2n * n + 1n)));
  };
  const cos = (x: bigint): bigint => {
    const angle = reduced(x);
    const square = times(angle, angle);
    return series(one, (term, n) => -times(term, square) / ((2n * n - 1n) * 2n * n));
  };

  /** tan(x − y) is (tan x − tan y) / (1 + tan x · tan y), and for small angles the angle itself. */
  const atan = (x: bigint): bigint => {
    let y = of(Math.atan(toNumber(x)));
    for (let i = 0; i < 4; i++) {
      const [s, c] = [sin(y), cos(y)];
      y += over(times(x, c) - s, c + times(x, s));
    }
    return y;
  };
  const atan2 = (y: bigint, x: bigint): bigint => {
    if (x > 0n) return atan(over(y, x));
    if (x === 0n) return y > 0n ? pi / 2n : -pi / 2n;
    return atan(over(y, x)) + (y < 0n ? -pi : pi);
  };

  const sinh = (x: bigint): bigint => (exp(x) - exp(-x)) / 2n;
  const cosh = (x: bigint): bigint => (exp(x) + exp(-x)) / 2n;
  const root = (x: bigint): bigint => sqrt(one - times(x, x));
  const functions = {
    exp,
    exp2: (x) => exp(times(x, log(2n * one))),
    log,
    log2: (x) => over(log(x), log(2n * one)),
    pow: (x, y) => exp(times(y, log(x))),
    sin,
    cos,
    tan: (x) => over(sin(x), cos(x)),
    asin: (x) => atan2(x, root(x)),
    acos: (x) => atan2(root(x), x),
    atan,
    atan2,
    sinh,
    cosh,
    tanh: (x) => over(sinh(x), cosh(x)),
    asinh: (x) => log(x + sqrt(times(x, x) + one)),
    acosh: (x) => log(x + sqrt(times(x, x) - one)),
    atanh: (x) => log(over(one + x, one - x)) / 2n,
  } as const satisfies Readonly<Record<string, Exact>>;

  /** How far a double is from a number, in units of the last place of the double nearest to it. */
  const ulps = (x: number, exact: bigint): number => {
    const error = of(x) - exact;
    const unit = 1n << BigInt(lengthOf(exact < 0n ? -exact : exact) - 53);
    return Math.abs(Number((error << 20n) / unit)) / 2 ** 20;
  };

  return { of, functions, ulps };
}
