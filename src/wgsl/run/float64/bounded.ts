// Numbers with bounds: what exact operations give, and how far a GPU's result may be from it when each operation errs as
// much as WGSL lets it (section 15.7.4). A bound is that of the operands, carried through the operation, and what the
// operation itself may add (Higham 2002, section 3.3: a running error analysis, here with the bounds of intervals).
import { exponentOf, powerOfTwo, roundHalf } from "../numbers.ts";

/** A number, and how far that of a GPU may be from it; infinite where WGSL says nothing. 0 where both are the same. */
export interface Bounded {
  readonly value: number;
  readonly bound: number;
}

/** How a GPU rounds: to the nearest number, as all known ones do, or up or down as it likes, which WGSL allows. */
export type Rounding = "nearest" | "any";

/** A type of floats, and the accuracy of its operations where f32 and f16 differ. */
export interface Format {
  readonly round: (x: number) => number;
  /** What a rounding may change, as a share of the result. */
  readonly unit: number;
  /** Whether numbers of the format stay as they are when they are rounded, also those that doubles have rounded. */
  readonly isNearest: boolean;
  /** Bits after the leading one. */
  readonly digits: number;
  readonly leastNormal: number;
  readonly largest: number;
  /** Of a quotient's divisor; beyond, WGSL says nothing. */
  readonly divisors: readonly [least: number, most: number];
  /** Units in the last place, to which twice the argument is added. */
  readonly exponential: number;
  /** Absolute, for arguments from ½ to 2. */
  readonly logarithm: number;
  /** Absolute, for angles from −π to π. */
  readonly circular: number;
  /** Units in the last place. */
  readonly arctangent: number;
  /** Absolute. */
  readonly arcsine: number;
  readonly arccosine: number;
}

/** What bounds have too much, so that the rounding of doubles is within them: of a rounding to a format, of each sum. */
const unitSlack = 1 + powerOfTwo(-20);
const slack = 1 + powerOfTwo(-45);
const resultSlack = powerOfTwo(-51);

/** The two types of floats. */
export const formatsOf = (rounding: Rounding): { readonly f32: Format; readonly f16: Format } => ({
  f32: {
    round: Math.fround,
    unit: powerOfTwo(rounding === "nearest" ? -24 : -23) * unitSlack,
    isNearest: rounding === "nearest",
    digits: 23,
    leastNormal: powerOfTwo(-126),
    largest: 0xffffff * powerOfTwo(104),
    divisors: [powerOfTwo(-126), powerOfTwo(126)],
    exponential: 3,
    logarithm: powerOfTwo(-21),
    circular: powerOfTwo(-11),
    arctangent: 4096,
    arcsine: 6.81e-5,
    arccosine: 6.77e-5,
  },
  f16: {
    round: roundHalf,
    unit: powerOfTwo(rounding === "nearest" ? -11 : -10) * unitSlack,
    isNearest: rounding === "nearest",
    digits: 10,
    leastNormal: powerOfTwo(-14),
    largest: 65504,
    divisors: [powerOfTwo(-14), powerOfTwo(14)],
    exponential: 1,
    logarithm: powerOfTwo(-7),
    circular: powerOfTwo(-7),
    arctangent: 5,
    arcsine: 3.91e-3,
    arccosine: 3.91e-3,
  },
});

/** A number that is the same everywhere. */
export const exactly = (value: number): Bounded => ({ value, bound: 0 });

/** A number about which WGSL says nothing. */
export const unknown = (value: number): Bounded => ({ value, bound: Number.POSITIVE_INFINITY });

/** The ends of where a GPU's number lies. */
export const lowest = ({ value, bound }: Bounded): number => (bound === 0 ? value : value - bound);
export const highest = ({ value, bound }: Bounded): number => (bound === 0 ? value : value + bound);

/** A number with a bound, which grows by what its computation in doubles may have lost. Overflow is unknown. */
export function within({ largest }: Format, value: number, bound: number): Bounded {
  if (bound === 0 && Math.abs(value) <= largest) return { value, bound };
  const magnitude = Math.abs(value);
  if (!(magnitude + bound <= largest)) return unknown(value);
  return { value, bound: bound * slack + magnitude * resultSlack };
}

/** A number that lies between the images of an operand's ends. */
export function between(value: number, low: number, high: number): Bounded {
  const below = low === value ? 0 : value - low;
  const above = high === value ? 0 : high - value;
  const bound = Math.max(below, above);
  if (bound === 0) return exactly(value);
  return Number.isNaN(bound) ? unknown(value) : { value, bound: bound * slack + Math.abs(value) * resultSlack };
}

/** The distance of numbers next to each other, near numbers of this magnitude. */
export function ulp({ digits, leastNormal }: Format, magnitude: number): number {
  return powerOfTwo(exponentOf(Math.max(magnitude, leastNormal)) - digits);
}

/** What a GPU may change in a result from `least` to `most` by flushing subnormal numbers to zero. */
function underflow(format: Format, least: number, most: number): number {
  const { leastNormal, digits } = format;
  return least >= leastNormal ? 0 : Math.min(most, leastNormal) + leastNormal * powerOfTwo(-digits);
}

/** An operand of an operation that may flush subnormal numbers to zero. */
export function flushed({ leastNormal }: Format, operand: Bounded): Bounded {
  const { value, bound } = operand;
  const magnitude = Math.abs(value);
  const keepsAll = magnitude - bound >= leastNormal || magnitude <= bound;
  return keepsAll ? operand : { value, bound: magnitude };
}

/** A result that is rounded once, whose operands have changed it by at most `carried`. */
export function rounded(format: Format, value: number, carried: number): Bounded {
  const magnitude = Math.abs(value);
  if (carried === 0) {
    const isSame = format.isNearest && magnitude >= format.leastNormal && format.round(value) === value;
    if (value === 0 || isSame) return within(format, value, 0);
  }
  const most = magnitude + carried;
  return within(format, value, carried + format.unit * most + underflow(format, magnitude - carried, most));
}

/** A result that errs by so many units in the last place. */
export function accurate(format: Format, value: number, carried: number, units: number): Bounded {
  const magnitude = Math.abs(value);
  const most = magnitude + carried;
  if (most === 0) return exactly(value);
  const own = units * ulp(format, most);
  const limited = most < format.leastNormal ? Math.min(own, format.leastNormal) : own;
  return within(format, value, carried + limited + underflow(format, magnitude - carried, most));
}

/**
 * The result of an operation with an infinite operand, or with NaN. Infinities that were there from the start are taken
 * to behave as in IEEE 754, which WGSL does not promise; those that an operation makes of numbers are unknown.
 */
const beyond = (value: number, ...operands: readonly Bounded[]): Bounded =>
  Number.isNaN(value) || operands.some(({ bound }) => bound === Number.POSITIVE_INFINITY)
    ? unknown(value)
    : exactly(value);

const areFinite = (a: Bounded, b: Bounded): boolean => Number.isFinite(a.value) && Number.isFinite(b.value);

export function add(format: Format, a: Bounded, b: Bounded): Bounded {
  const value = a.value + b.value;
  if (!areFinite(a, b)) return beyond(value, a, b);
  return rounded(format, value, flushed(format, a).bound + flushed(format, b).bound);
}

export const negate = (format: Format, a: Bounded): Bounded => ({ value: -a.value, bound: flushed(format, a).bound });

export const subtract = (format: Format, a: Bounded, b: Bounded): Bounded => add(format, a, negate(format, b));

/** How far a product may be off when its operands are. */
const carriedByProduct = (a: Bounded, b: Bounded): number =>
  a.bound === 0 && b.bound === 0 ? 0 : Math.abs(a.value) * b.bound + Math.abs(b.value) * a.bound + a.bound * b.bound;

/** Whether a number may be 0. */
const reachesZero = ({ value, bound }: Bounded): boolean => Math.abs(value) <= bound;

export function multiply(format: Format, a: Bounded, b: Bounded): Bounded {
  const value = a.value * b.value;
  if (!areFinite(a, b)) return reachesZero(a) || reachesZero(b) ? unknown(value) : beyond(value, a, b);
  return rounded(format, value, carriedByProduct(flushed(format, a), flushed(format, b)));
}

export function divide(format: Format, a: Bounded, b: Bounded): Bounded {
  const value = a.value / b.value;
  if (!areFinite(a, b)) return reachesZero(b) ? unknown(value) : beyond(value, a, b);
  const size = Math.abs(b.value);
  const least = size - b.bound;
  const [smallest, greatest] = format.divisors;
  if (!(least >= smallest && size + b.bound <= greatest)) return unknown(value);
  const numerator = flushed(format, a);
  const carried = (Math.abs(a.value) * b.bound + size * numerator.bound) / (size * least);
  return accurate(format, value, carried, 2.5);
}

/** a·b + c, rounded once or twice. */
export function fma(format: Format, a: Bounded, b: Bounded, c: Bounded): Bounded {
  const product = multiply(format, a, b);
  return add(format, product, c);
}

/** A function that never falls, and that is exact. */
export function rising(format: Format, operand: Bounded, apply: (x: number) => number): Bounded {
  const { value, bound } = flushed(format, operand);
  if (Number.isNaN(value)) return unknown(value);
  if (bound === 0) return exactly(apply(value));
  return between(apply(value), apply(value - bound), apply(value + bound));
}

/** The lesser or the greater of two numbers, as `choose` says. */
function chosen(format: Format, a: Bounded, b: Bounded, choose: (x: number, y: number) => number): Bounded {
  if (Number.isNaN(a.value) || Number.isNaN(b.value)) return unknown(choose(a.value, b.value));
  const [x, y] = [flushed(format, a), flushed(format, b)];
  return between(choose(a.value, b.value), choose(lowest(x), lowest(y)), choose(highest(x), highest(y)));
}

export const min = (format: Format, a: Bounded, b: Bounded): Bounded => chosen(format, a, b, Math.min);
export const max = (format: Format, a: Bounded, b: Bounded): Bounded => chosen(format, a, b, Math.max);

/** What both of two numbers are within. */
export const either = (value: number, a: Bounded, b: Bounded): Bounded =>
  between(value, Math.min(lowest(a), lowest(b)), Math.max(highest(a), highest(b)));

/** Whether a comparison holds on every GPU; undefined if it holds on some. */
export function compare(format: Format, sign: string, a: Bounded, b: Bounded): boolean | undefined {
  const [x, y] = [flushed(format, a), flushed(format, b)];
  switch (sign) {
    case "<":
      return isBelow(x, y) ? true : isNotAbove(y, x) ? false : undefined;
    case "<=":
      return isNotAbove(x, y) ? true : isBelow(y, x) ? false : undefined;
    case "==":
    case "!=": {
      const isEqual = isBelow(x, y) || isBelow(y, x) ? false : isNotAbove(x, y) && isNotAbove(y, x) ? true : undefined;
      return isEqual === undefined ? undefined : isEqual === (sign === "==");
    }
    default:
      return compare(format, sign === ">" ? "<" : "<=", b, a);
  }
}

const isBelow = (a: Bounded, b: Bounded): boolean => highest(a) < lowest(b);
const isNotAbove = (a: Bounded, b: Bounded): boolean => highest(a) <= lowest(b);
