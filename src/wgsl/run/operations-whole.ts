// Builtin functions of whole values: those that mix components of vectors and matrices, or have several results.
import { exponentOf, roundTo, scaled } from "./numbers.ts";
import { packings } from "./operations-packed.ts";
import type { ScalarName } from "./types.ts";

/**
 * The scalars of a result from those of the operands, whose scalars are of type `scalar`; matrices are columns one
 * after another, of which the first operand has `columns` (1 if it is no matrix). A struct's members follow each other.
 */
type WholeFunction = (values: readonly (readonly number[])[], scalar: ScalarName, columns: number) => number[];

type Numbers = readonly number[];

/** A product, rounded or wrapped. */
const times = (a: number, b: number, scalar: ScalarName): number =>
  roundTo(scalar === "i32" || scalar === "u32" ? Math.imul(a, b) : a * b, scalar);

/** Each component of one operand with that of another. */
const each = (a: Numbers, b: Numbers, apply: (x: number, y: number) => number): number[] =>
  a.map((x, i) => apply(x, b[i] ?? 0));

function dot(a: Numbers, b: Numbers, scalar: ScalarName): number {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum = roundTo(sum + times(a[i] ?? 0, b[i] ?? 0, scalar), scalar);
  return sum;
}

/** The root of the sum of squares; of a scalar its magnitude. */
function length(x: Numbers, scalar: ScalarName): number {
  return x.length === 1 ? Math.abs(x[0] ?? 0) : roundTo(Math.sqrt(dot(x, x, scalar)), scalar);
}

const difference = (a: Numbers, b: Numbers, scalar: ScalarName): number[] =>
  each(a, b, (x, y) => roundTo(x - y, scalar));

/** factor · b subtracted from a. */
const without = (a: Numbers, factor: number, b: Numbers, scalar: ScalarName): number[] =>
  each(a, b, (x, y) => roundTo(x - times(factor, y, scalar), scalar));

function cross(a: Numbers, b: Numbers, scalar: ScalarName): number[] {
  return [1, 2, 0].map((i) => {
    const j = (i + 1) % 3;
    const [ai = 0, aj = 0, bi = 0, bj = 0] = [a[i], a[j], b[i], b[j]];
    return roundTo(times(ai, bj, scalar) - times(aj, bi, scalar), scalar);
  });
}

/** `e3 * e1 - (e3 * dot(e2, e1) + sqrt(k)) * e2`, zero where k is negative. */
function refract(incident: Numbers, normal: Numbers, ratio: number, scalar: ScalarName): number[] {
  const cosine = dot(normal, incident, scalar);
  const sine = roundTo(1 - times(cosine, cosine, scalar), scalar);
  const k = roundTo(1 - times(times(ratio, ratio, scalar), sine, scalar), scalar);
  if (k < 0) return incident.map(() => 0);
  const factor = roundTo(times(ratio, cosine, scalar) + roundTo(Math.sqrt(k), scalar), scalar);
  return without(
    incident.map((x) => times(ratio, x, scalar)),
    factor,
    normal,
    scalar,
  );
}

/** By the first column: its elements times the determinants of what is left without their row. */
function determinant(matrix: Numbers, size: number, scalar: ScalarName): number {
  if (size === 1) return matrix[0] ?? 0;
  let sum = 0;
  for (let row = 0; row < size; row++) {
    const minor = matrix.filter((_, i) => i >= size && i % size !== row);
    const product = times(matrix[row] ?? 0, determinant(minor, size - 1, scalar), scalar);
    sum = roundTo(row % 2 === 0 ? sum + product : sum - product, scalar);
  }
  return sum;
}

function transpose(matrix: Numbers, columns: number): number[] {
  const rows = matrix.length / columns;
  return matrix.map((_, i) => matrix[(i % columns) * rows + Math.floor(i / columns)] ?? 0);
}

/** For the fraction from ½ to 1 that x is, times a power of two: the exponent; 0 for 0, infinities and NaN. */
const exponentOfFraction = (x: number): number => (x === 0 || !Number.isFinite(x) ? 0 : exponentOf(x) + 1);

const functions: Readonly<Record<string, WholeFunction>> = {
  all: ([x = []]) => [x.every((one) => one !== 0) ? 1 : 0],
  any: ([x = []]) => [x.some((one) => one !== 0) ? 1 : 0],
  cross: ([a = [], b = []], scalar) => cross(a, b, scalar),
  determinant: ([matrix = []], scalar, columns) => [determinant(matrix, columns, scalar)],
  distance: ([a = [], b = []], scalar) => [length(difference(a, b, scalar), scalar)],
  dot: ([a = [], b = []], scalar) => [dot(a, b, scalar)],
  faceForward([x = [], incident = [], reference = []], scalar) {
    const faces = dot(incident, reference, scalar) < 0;
    return x.map((one) => (faces ? one : -one));
  },
  frexp: ([x = []]) => [...x.map((one) => scaled(one, -exponentOfFraction(one))), ...x.map(exponentOfFraction)],
  length: ([x = []], scalar) => [length(x, scalar)],
  modf: ([x = []]) => [...x.map((one) => one - Math.trunc(one)), ...x.map(Math.trunc)],
  normalize([x = []], scalar) {
    const by = length(x, scalar);
    return x.map((one) => roundTo(one / by, scalar));
  },
  reflect: ([incident = [], normal = []], scalar) =>
    without(incident, times(2, dot(normal, incident, scalar), scalar), normal, scalar),
  refract: ([incident = [], normal = [], [ratio = 0] = []], scalar) => refract(incident, normal, ratio, scalar),
  transpose: ([matrix = []], _, columns) => transpose(matrix, columns),
};

const table: ReadonlyMap<string, WholeFunction> = new Map([...Object.entries(functions), ...Object.entries(packings)]);

/**
 * A builtin function that `scalarFunction` does not have because its results depend on several components (WGSL,
 * sections 17.3 to 17.10); undefined for other names. Sums are in the order of components, and each step is rounded
 * to the scalar type.
 */
export const wholeFunction = (name: string): WholeFunction | undefined => table.get(name);
