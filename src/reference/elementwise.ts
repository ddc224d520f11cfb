import { decode, encode, type PlainType } from "../tensor/dtype.ts";
import { at, type Dense, dense } from "./dense.ts";

type Pair = { a: Dense; b: Dense };

/** `a + b` with NumPy broadcasting: axes are matched from the last, and one of length 1 is repeated. */
export const add = ({ a, b }: Pair): { y: Dense } => broadcast("add", [a, b], ([p, q]) => p + q);

/** `a − b`, broadcast as in {@link add}. */
export const sub = ({ a, b }: Pair): { y: Dense } => broadcast("sub", [a, b], ([p, q]) => p - q);

/** `a · b`, broadcast as in {@link add}. */
export const mul = ({ a, b }: Pair): { y: Dense } => broadcast("mul", [a, b], ([p, q]) => p * q);

/** `a / b`, broadcast as in {@link add}. */
export const div = ({ a, b }: Pair): { y: Dense } => broadcast("div", [a, b], ([p, q]) => p / q);

/** The exponential, base e. y like x. */
export const exp = ({ x }: { x: Dense }): { y: Dense } => ({ y: dense(x.shape, x.values.map(Math.exp)) });

/** `a` where the condition is not zero, else `b`; the three are broadcast as in {@link add}. */
export const where = ({ condition, a, b }: Pair & { condition: Dense }): { y: Dense } =>
  broadcast("where", [condition, a, b], ([c, p, q]) => (c ? p : q));

/**
 * Converts the values to another type: f16 and bf16 round to nearest even, i32 and u32 truncate and saturate (NaN
 * becomes 0). y like x.
 */
export function cast({ x }: { x: Dense }, { dtype }: { dtype: PlainType }): { y: Dense } {
  const [lowest, highest] = dtype === "u32" ? [0, 2 ** 32 - 1] : [-(2 ** 31), 2 ** 31 - 1];
  const whole = (value: number): number => Math.min(Math.max(Math.trunc(value) || 0, lowest), highest);
  const values = dtype === "i32" || dtype === "u32" ? x.values.map(whole) : x.values;
  return { y: dense(x.shape, decode(dtype, encode(dtype, values))) };
}

/** A tensor of one value. → y of `shape`. */
export const fill = (_: Record<never, never>, { shape, value }: { shape: readonly number[]; value: number }) => ({
  y: dense(shape, dense(shape).values.fill(value)),
});

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
      const shapes = tensors.map(({ shape }) => `[${shape.join(", ")}]`).join(" and ");
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
