// Integers that a GPU may compute where they depend on rounded floats: the least and the most of them. So the bits of a
// float that is no NaN anywhere are known to be those of a number, and the keys of two floats that differ by enough
// are known to be in one order everywhere.
import { floatBits, floatOf } from "../numbers.ts";
import type { ScalarName } from "../types.ts";

/** Integers from the least to the most, both included, as i32 or as u32. Booleans are 0 and 1. */
export type Range = readonly [least: number, most: number];

/** Either boolean. */
export const anyBoolean: Range = [0, 1];

export const hull = (a: Range, b: Range): Range => [Math.min(a[0], b[0]), Math.max(a[1], b[1])];

/** The same words as signed or unsigned numbers; undefined where that makes two ranges of them. */
export function readAs([least, most]: Range, isSigned: boolean): Range | undefined {
  const [lowest, highest] = isSigned ? [-0x80000000, 0x7fffffff] : [0, 0xffffffff];
  if (least >= lowest && most <= highest) return [least, most];
  const shift = least < lowest ? 0x100000000 : -0x100000000;
  return least + shift >= lowest && most + shift <= highest ? [least + shift, most + shift] : undefined;
}

/** The bits of the f32 from `low` to `high`, which are no NaN. A zero may have either sign. */
export function bitsBetween(low: number, high: number): Range {
  if (low > 0) return [floatBits(low), floatBits(high)];
  if (high < 0) return [floatBits(high), floatBits(low)];
  return [0, floatBits(low === 0 ? -0 : low)];
}

/** The bits of their magnitudes. */
export function magnitudeBitsBetween(low: number, high: number): Range {
  const least = low > 0 ? low : high < 0 ? -high : 0;
  return [floatBits(least), floatBits(Math.max(Math.abs(low), Math.abs(high)))];
}

/** The floats with these bits, as their ends; undefined if there are NaN among them. */
export function floatsWithBits(bits: Range): Range | undefined {
  const range = readAs(bits, false);
  if (!range) return undefined;
  const [a, b] = range.map(floatOf) as [number, number];
  if (range[1] <= 0x7f800000) return [a, b];
  return range[0] >= 0x80000000 && range[1] <= 0xff800000 ? [b, a] : undefined;
}

/** A result for operands that are both signed or both unsigned. */
type Rule = (a: Range, b: Range, isSigned: boolean) => Range | undefined;

/** A range of 32 bits, or one that wraps as a whole; undefined if a part of it wraps. */
const wrapped = (least: number, most: number, isSigned: boolean): Range | undefined => readAs([least, most], isSigned);

/** Numbers that fit; undefined if some do not. */
function fitting(ends: readonly number[], isSigned: boolean): Range | undefined {
  const [least, most] = [Math.min(...ends), Math.max(...ends)];
  return isSigned ? within(least, most, -0x80000000, 0x7fffffff) : within(least, most, 0, 0xffffffff);
}

const within = (least: number, most: number, lowest: number, highest: number): Range | undefined =>
  least >= lowest && most <= highest ? [least, most] : undefined;

/** The bits from 0 up to the highest in which the ends differ: those above are the same in the whole range. */
function openBits([least, most]: Range): number {
  const differing = (least ^ most) >>> 0;
  return differing === 0 ? 0 : 0xffffffff >>> Math.clz32(differing);
}

const isOne = ([least, most]: Range): boolean => least === most;

/** A rule for operands without a sign, the second of which is one number. */
const withConstant =
  (apply: (a: Range, constant: number) => Range | undefined): Rule =>
  (first, second) => {
    const [a, b] = [readAs(first, false), readAs(second, false)];
    if (!a || !b) return undefined;
    if (isOne(b)) return apply(a, b[0]);
    return isOne(a) ? apply(b, a[0]) : undefined;
  };

const and = withConstant((a, mask) => {
  const kept = (mask & openBits(a)) >>> 0;
  const dropped = (openBits(a) & ~mask) >>> 0;
  if ((dropped & (dropped + 1)) === 0) return [(a[0] & mask) >>> 0, (a[1] & mask) >>> 0]; // only low bits are dropped
  const base = (a[0] & mask & ~openBits(a)) >>> 0;
  return [base, base + kept];
});

const or = withConstant((a, bits) => {
  const open = openBits(a);
  if ((bits & open) === 0) return [(a[0] | bits) >>> 0, (a[1] | bits) >>> 0];
  const base = ((a[0] & ~open) | bits) >>> 0;
  return [base, (base | open) >>> 0];
});

const xor = withConstant((a, bits) => {
  const open = openBits(a);
  const ends: Range = [(a[0] ^ bits) >>> 0, (a[1] ^ bits) >>> 0];
  const changed = (bits & open) >>> 0;
  if (changed === 0) return ends;
  if (changed === open) return [ends[1], ends[0]];
  const base = (ends[0] & ~open) >>> 0;
  return [base, base + open];
});

const shiftLeft: Rule = (a, [least, most], isSigned) =>
  least === most ? fitting([a[0] * 2 ** (least & 31), a[1] * 2 ** (least & 31)], isSigned) : undefined;

const shiftRight: Rule = (a, [least, most]) =>
  least === most ? [Math.floor(a[0] / 2 ** (least & 31)), Math.floor(a[1] / 2 ** (least & 31))] : undefined;

const multiply: Rule = (a, b, isSigned) => fitting([a[0] * b[0], a[0] * b[1], a[1] * b[0], a[1] * b[1]], isSigned);

const divide: Rule = (a, b, isSigned) => {
  if (b[0] <= 0 && b[1] >= 0) return undefined;
  return fitting([a[0] / b[0], a[0] / b[1], a[1] / b[0], a[1] / b[1]].map(Math.trunc), isSigned);
};

const remainder: Rule = ([least, most], b) => {
  const [by] = b;
  if (!isOne(b) || by <= 0 || least < 0) return undefined;
  return Math.floor(least / by) === Math.floor(most / by) ? [least % by, most % by] : [0, by - 1];
};

const truth = (isTrue: boolean, isFalse: boolean): Range => (isTrue ? [1, 1] : isFalse ? [0, 0] : anyBoolean);

const equal: Rule = (a, b) => truth(isOne(a) && isOne(b) && a[0] === b[0], a[1] < b[0] || b[1] < a[0]);
const less: Rule = (a, b) => truth(a[1] < b[0], a[0] >= b[1]);
const lessOrEqual: Rule = (a, b) => truth(a[1] <= b[0], a[0] > b[1]);

const not = (range: Range | undefined): Range | undefined => range && [1 - range[1], 1 - range[0]];

const least: Rule = (a, b) => [Math.min(a[0], b[0]), Math.min(a[1], b[1])];
const most: Rule = (a, b) => [Math.max(a[0], b[0]), Math.max(a[1], b[1])];

const rules: Readonly<Record<string, Rule>> = {
  "+": (a, b, isSigned) => wrapped(a[0] + b[0], a[1] + b[1], isSigned),
  "-": (a, b, isSigned) => wrapped(a[0] - b[1], a[1] - b[0], isSigned),
  "*": multiply,
  "/": divide,
  "%": remainder,
  "&": and,
  "|": or,
  "^": xor,
  "~": (a, _, isSigned) => (isSigned ? [-1 - a[1], -1 - a[0]] : [0xffffffff - a[1], 0xffffffff - a[0]]),
  "<<": shiftLeft,
  ">>": shiftRight,
  negate: (a, _, isSigned) => fitting([-a[0], -a[1]], isSigned),
  abs: (a, _, isSigned) => fitting(a[0] <= 0 && a[1] >= 0 ? [0, -a[0], a[1]] : a.map(Math.abs), isSigned),
  min: least,
  max: most,
  "==": equal,
  "!=": (a, b, isSigned) => not(equal(a, b, isSigned)),
  "<": less,
  "<=": lessOrEqual,
  ">": (a, b, isSigned) => less(b, a, isSigned),
  ">=": (a, b, isSigned) => lessOrEqual(b, a, isSigned),
};

const booleanRules: Readonly<Record<string, Rule>> = {
  "&": least,
  "|": most,
  "!": (a) => not(a),
  "==": equal,
  "!=": (a, b, isSigned) => not(equal(a, b, isSigned)),
};

/**
 * What an operator or a builtin function of integers or booleans gives for operands in these ranges. Undefined where
 * nothing is known.
 */
export function rangeOf(
  name: string,
  scalar: ScalarName,
  a: Range | undefined,
  b: Range | undefined,
  c: Range | undefined,
): Range | undefined {
  if (name === "clamp") return rangeOf("min", scalar, rangeOf("max", scalar, a, b, c), c, c);
  const rule = (scalar === "bool" ? booleanRules : rules)[name];
  const isSigned = scalar === "i32";
  const isShift = name === "<<" || name === ">>";
  const [x, y] = [a && readAs(a, isSigned), b && readAs(b, isSigned && !isShift)];
  return rule && x && y ? rule(x, y, isSigned) : undefined;
}
