import { anything, integer, recordOf, text } from "../options/checks.ts";
import { numbers, shapeCheck } from "../options/lists.ts";
import { formatShape } from "../tensor/shape.ts";
import { argument, tensor } from "./arguments.ts";

/** A tensor of the reference: row-major float64, for any storage type of the original. */
export interface Dense {
  readonly shape: readonly number[];
  readonly values: Float64Array;
}

/**
 * A dense tensor of `values` (copied; default zeros). Throws `OptionError` for an invalid shape or list of numbers,
 * and a RangeError when their number does not match the shape.
 */
export function dense(shape: readonly number[], values?: ArrayLike<number>): Dense {
  const size = sizeOf(argument("dense", "shape", shape, shapeCheck));
  if (values !== undefined && argument("dense", "values", values, numbers).length !== size) {
    throw new RangeError(`dense: ${values.length} values, expected ${size} for shape ${formatShape(shape)}`);
  }
  return { shape: [...shape], values: values ? Float64Array.from(values) : new Float64Array(size) };
}

/**
 * The same values with another shape of equal size, for example `[rows, cols]` as `[b, t, cols]`; nothing is copied.
 */
export function reshape(x: Dense, shape: readonly number[]): Dense {
  argument("reshape", "x", x, tensor);
  if (sizeOf(argument("reshape", "shape", shape, shapeCheck)) !== x.values.length) {
    throw new RangeError(`reshape: ${formatShape(x.shape)} does not have the elements of shape ${formatShape(shape)}`);
  }
  return { shape: [...shape], values: x.values };
}

/** Number of elements of a shape; 1 for a scalar's `[]`. */
export function sizeOf(shape: readonly number[]): number {
  return argument("sizeOf", "shape", shape, shapeCheck).reduce((product, length) => product * length, 1);
}

/**
 * The element at a flat index. Throws a RangeError outside of the array, where JavaScript returns undefined: an oracle
 * must not guess.
 */
export function at(values: Float64Array, index: number): number {
  const value = values[index];
  if (value === undefined) throw new RangeError(`reference: element ${index} of ${values.length}`);
  return value;
}

/** The element at an index of every axis; an axis of length 1 has one element for all indices. */
export function element({ shape, values }: Dense, index: readonly number[]): number {
  const flat = index.reduce((before, position, axis) => {
    const length = lengthOf(shape, axis);
    const own = length === 1 ? 0 : position;
    if (own < 0 || own >= length) throw new RangeError(`reference: ${formatShape(index)} of ${formatShape(shape)}`);
    return before * length + own;
  }, 0);
  return at(values, flat);
}

/** The sum of `a[aStart + i] · b[bStart + i]` over n elements. */
export function dot(a: Float64Array, aStart: number, b: Float64Array, bStart: number, n: number): number {
  let sum = 0;
  for (let i = 0; i < n; i++) sum += at(a, aStart + i) * at(b, bStart + i);
  return sum;
}

/** Adds `factor · b[bStart + i]` to every `sums[i]`. */
export function addScaled(sums: Float64Array, factor: number, b: Float64Array, bStart: number): void {
  for (let i = 0; i < sums.length; i++) sums[i] = at(sums, i) + factor * at(b, bStart + i);
}

/**
 * Length of one axis; negative axes count from the last. Throws a RangeError for an axis that the shape does not have.
 */
export function lengthOf(shape: readonly number[], axis: number): number {
  const length = Number.isInteger(axis) ? shape.at(axis) : undefined;
  if (length === undefined)
    throw new RangeError(`axis ${axis} of shape ${formatShape(shape)}, which has ${shape.length}`);
  return length;
}

/** The axis counted from the first, `0 <= axis < rank`; negative axes count from the last. */
export function axisFromFirst(shape: readonly number[], axis: number): number {
  argument("axisFromFirst", "shape", shape, shapeCheck);
  argument("axisFromFirst", "axis", axis, integer());
  lengthOf(shape, axis);
  return axis < 0 ? axis + shape.length : axis;
}

/** `[outer, length, inner]` of a shape cut at one axis: element `(o, i, n)` is at `(o * length + i) * inner + n`. */
export function splitAt(shape: readonly number[], axis: number): [outer: number, length: number, inner: number] {
  const position = axisFromFirst(shape, axis);
  return [sizeOf(shape.slice(0, position)), lengthOf(shape, position), sizeOf(shape.slice(position + 1))];
}

/** The axis letters of a pattern: `"b t ...rows"` gives `"b" | "t" | "rows"`. */
type AxisNames<Pattern extends string> = Pattern extends `${infer Head} ${infer Tail}`
  ? AxisNames<Head> | AxisNames<Tail>
  : Pattern extends `...${infer Name}`
    ? Name
    : Pattern;

/**
 * Axis lengths by letter, from tensors and patterns such as `"b h t d"`: a letter means the same length throughout. A
 * first axis `...rows` stands for any number of leading axes and reads as the product of their lengths. Throws a
 * RangeError that names the operation, the tensor, its shape, what was expected, and why.
 */
export function axes<const Patterns extends Record<string, string>>(
  operation: string,
  tensors: { readonly [Name in keyof Patterns]: Dense },
  patterns: Patterns,
): Record<AxisNames<Patterns[keyof Patterns]>, number> {
  argument("axes", "operation", operation, text);
  argument(operation, "tensors", tensors, recordOf(anything));
  argument(operation, "patterns", patterns, recordOf(text));
  const known: Record<string, { length: number; from: string }> = {};
  for (const [name, pattern] of Object.entries<string>(patterns)) {
    const { shape } = argument(operation, name, tensors[name] as Dense, tensor);
    const letters = pattern.split(" ");
    const leading = letters[0]?.startsWith("...") ? shape.length - (letters.length - 1) : -1;
    const folded = leading < 0 ? shape : [sizeOf(shape.slice(0, leading)), ...shape.slice(leading)];
    const wrong = `${operation}: ${name} is ${formatShape(shape)}, expected [${letters.join(", ")}]`;
    if (folded.length !== letters.length) throw new RangeError(wrong);
    for (const [position, length] of folded.entries()) {
      const letter = letters[position]?.replace("...", "") ?? "";
      const before = known[letter];
      if (before && before.length !== length) {
        throw new RangeError(`${wrong} with ${letter} = ${before.length} (from ${before.from})`);
      }
      known[letter] ??= { length, from: name };
    }
  }
  const lengths = Object.entries(known).map(([letter, { length }]) => [letter, length]);
  return Object.fromEntries(lengths) as Record<AxisNames<Patterns[keyof Patterns]>, number>;
}
