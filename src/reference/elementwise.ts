import { number, oneOf, required } from "../options/checks.ts";
import { shapeCheck } from "../options/lists.ts";
import { decode, encode, type PlainType, plainTypes } from "../tensor/dtype.ts";
import { formatShape } from "../tensor/shape.ts";
import { given, tensor } from "./arguments.ts";
import { at, type Dense, dense } from "./dense.ts";

type Pair = { a: Dense; b: Dense };

/** `a + b` with NumPy broadcasting: axes are matched from the last, and one of length 1 is repeated. */
export const add = (tensors: Pair): { y: Dense } => ofPair("add", tensors, (p, q) => p + q);

/** `a − b`, broadcast as in {@link add}. */
export const sub = (tensors: Pair): { y: Dense } => ofPair("sub", tensors, (p, q) => p - q);

/** `a · b`, broadcast as in {@link add}. */
export const mul = (tensors: Pair): { y: Dense } => ofPair("mul", tensors, (p, q) => p * q);

/** `a / b`, broadcast as in {@link add}. */
export const div = (tensors: Pair): { y: Dense } => ofPair("div", tensors, (p, q) => p / q);

/** The exponential, base e. y like x. */
export function exp(tensors: { x: Dense }): { y: Dense } {
  const { x } = given("exp", tensors, { x: tensor });
  return { y: dense(x.shape, x.values.map(Math.exp)) };
}

/** `a` where the condition is not zero, else `b`; the three are broadcast as in {@link add}. */
export function where(tensors: Pair & { condition: Dense }): { y: Dense } {
  const { condition, a, b } = given("where", tensors, { condition: tensor, a: tensor, b: tensor });
  return broadcast("where", [condition, a, b], ([c, p, q]) => (c ? p : q));
}

/**
 * Converts the values to another type: f16 and bf16 round to nearest even, i32 and u32 truncate and saturate (NaN
 * becomes 0). y like x.
 */
export function cast(tensors: { x: Dense }, options: { dtype: PlainType }): { y: Dense } {
  const { x } = given("cast", tensors, { x: tensor });
  const { dtype } = given("cast", options, { dtype: required(oneOf(...plainTypes)) });
  const [lowest, highest] = dtype === "u32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  const whole = (value: number): number => Math.min(Math.max(Math.trunc(value) || 0, lowest), highest);
  const values = dtype === "i32" || dtype === "u32" ? x.values.map(whole) : x.values;
  return { y: dense(x.shape, decode(dtype, encode(dtype, values))) };
}

/** A tensor of one value. → y of `shape`. */
export function fill(
  tensors: Record<never, never>,
  options: { shape: readonly number[]; value: number },
): { y: Dense } {
  given("fill", tensors, {});
  const { shape, value } = given("fill", options, { shape: required(shapeCheck), value: required(number) });
  return { y: dense(shape, dense(shape).values.fill(value)) };
}

function ofPair(operation: string, tensors: Pair, f: (a: number, b: number) => number): { y: Dense } {
  const { a, b } = given(operation, tensors, { a: tensor, b: tensor });
  return broadcast(operation, [a, b], ([p, q]) => f(p, q));
}

/**
 * Applies `f` to the corresponding elements at each index of the common shape. Throws a RangeError where lengths differ
 * and none is 1.
 */
function broadcast<Tensors extends readonly Dense[]>(
  operation: string,
  tensors: readonly [...Tensors],
  f: (elements: { [Index in keyof Tensors]: number }) => number,
): { y: Dense } {
  const shape = commonShape(operation, tensors);
  const y = dense(shape);
  const indices = tensors.map((tensor) => flatIndices(tensor.shape, shape));
  for (let i = 0; i < y.values.length; i++) {
    const elements = tensors.map((tensor, n) => at(tensor.values, indices[n]?.[i] ?? Number.NaN));
    y.values[i] = f(elements as { [Index in keyof Tensors]: number });
  }
  return { y };
}

function commonShape(operation: string, tensors: readonly Dense[]): number[] {
  const rank = Math.max(...tensors.map(({ shape }) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const lengths = tensors.map(({ shape }) => shape[axis - rank + shape.length] ?? 1);
    const length = lengths.find((candidate) => candidate !== 1) ?? 1;
    if (lengths.some((other) => other !== 1 && other !== length)) {
      const shapes = tensors.map(({ shape }) => formatShape(shape)).join(" and ");
      throw new RangeError(`${operation}: shapes ${shapes} do not broadcast: axis ${axis} is ${lengths.join(" and ")}`);
    }
    return length;
  });
}

/** For every index of `common` in row-major order, the flat index of the element of `shape` that is broadcast there. */
function flatIndices(shape: readonly number[], common: readonly number[]): number[] {
  let indices = [0];
  for (const [axis, length] of common.entries()) {
    const own = shape[axis - common.length + shape.length] ?? 1;
    const steps = Array.from({ length }, (_, step) => (own === 1 ? 0 : step));
    indices = indices.flatMap((index) => steps.map((step) => index * own + step));
  }
  return indices;
}
