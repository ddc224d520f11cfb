// Operators and functions of vectors and matrices, as instructions for their scalars.
import { type MatrixType, productPairs, type ScalarName, type ScalarType, scalarOf, type Type } from "../types.ts";
import type { Slot } from "./code.ts";
import { emit, isOverwritten, type Lowering, type Target, temporaries, typed } from "./lowering.ts";

/** A value in slots. */
export interface Value {
  readonly slots: readonly number[];
  readonly type: Type;
}

/** `negate`, `!`, `~` and the binary operators. */
export function operate(
  lowering: Lowering,
  sign: string,
  type: Type,
  operands: readonly Value[],
  target: Target | undefined,
  at: number,
): readonly number[] {
  const [left, right] = operands;
  const isProduct = sign === "*" && left && right && (left.type.kind === "matrix" || right.type.kind === "matrix");
  if (isProduct && left.type.kind !== "scalar" && right.type.kind !== "scalar") {
    return matrixProduct(lowering, left, right, type, target, at);
  }
  return eachScalar(lowering, sign, type, operands, target, at);
}

/** A function of scalars, for each scalar of the result. A scalar among vectors serves all components. */
export function eachScalar(
  lowering: Lowering,
  name: string,
  type: Type,
  operands: readonly Value[],
  target: Target | undefined,
  at: number,
): readonly number[] {
  const count = type.slots;
  const from = operands.map(({ slots, type: of }) => spread(typed(slots, of), count));
  const isSafe = target && !from.some((slots) => isOverwritten(target.slots, numbersOf(slots)));
  const to = isSafe ? target.slots : temporaries(lowering, count, at);
  for (const [i, result] of typed(to, type).entries()) {
    emit(lowering, { kind: "scalar", name, to: result, from: from.map((slots) => slots[i] as Slot), at });
  }
  return to;
}

const numbersOf = (slots: readonly Slot[]) => slots.map(({ slot }) => slot);

const spread = (slots: readonly Slot[], count: number): readonly Slot[] =>
  slots.length === 1 && count > 1 ? new Array<Slot>(count).fill(slots[0] as Slot) : slots;

/** Pairs of slots whose products are added up. */
type Pairs = ReturnType<typeof productPairs>[number];

/** Sums of products, each of them from left to right, every step rounded. */
function sumsOfProducts(
  lowering: Lowering,
  sums: readonly Pairs[],
  scalar: ScalarName,
  target: Target | undefined,
  at: number,
): readonly number[] {
  const read = new Set(sums.flat(2));
  const isSafe = target && (sums.length === 1 || !target.slots.some((slot) => read.has(slot)));
  const results = isSafe ? target.slots : temporaries(lowering, sums.length, at);
  const apply = (name: string, to: number, a: number, b: number) => {
    const [x, y] = [a, b].map((slot): Slot => ({ slot, scalar })) as [Slot, Slot];
    emit(lowering, { kind: "scalar", name, to: { slot: to, scalar }, from: [x, y], at });
  };
  const [product = 0, sum = 0] = temporaries(lowering, 2, at);
  for (const [i, pairs] of sums.entries()) {
    const to = results[i] as number;
    for (const [k, [a, b]] of pairs.entries()) {
      const isLast = k === pairs.length - 1;
      if (k === 0) {
        apply("*", isLast ? to : sum, a, b);
        continue;
      }
      apply("*", product, a, b);
      apply("+", isLast ? to : sum, sum, product);
    }
  }
  return results;
}

const pairsOf = (a: readonly number[], b: readonly number[]): Pairs => a.map((slot, i) => [slot, b[i] as number]);

/** The dot product of two vectors. */
export const dot = (
  lowering: Lowering,
  a: Value,
  b: Value,
  target: Target | undefined,
  at: number,
): readonly number[] =>
  sumsOfProducts(lowering, [pairsOf(a.slots, b.slots)], (scalarOf(a.type) as ScalarType).scalar, target, at);

function matrixProduct(
  lowering: Lowering,
  left: Value,
  right: Value,
  type: Type,
  target: Target | undefined,
  at: number,
): readonly number[] {
  const sums = productPairs(left.type, right.type).map((pairs) =>
    pairs.map(([a, b]): [number, number] => [left.slots[a] as number, right.slots[b] as number]),
  );
  return sumsOfProducts(lowering, sums, (scalarOf(type) as ScalarType).scalar, target, at);
}

/** The slots of a matrix, transposed. */
export const transposed = (slots: readonly number[], { columns, column: { width } }: MatrixType): readonly number[] =>
  Array.from({ length: slots.length }, (_, i) => slots[(i % columns) * width + Math.floor(i / columns)] as number);

/** Scalars that have the same bits in a slot: integers with booleans, f32 with f16. */
export const haveSameBits = (from: ScalarName, to: ScalarName): boolean =>
  from === to || (from === "f16" && to === "f32") || (isInteger(to) && (isInteger(from) || from === "bool"));

const isInteger = (scalar: ScalarName) => scalar === "i32" || scalar === "u32";
