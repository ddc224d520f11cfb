// Builtin functions of floats whose results depend on several components, as the expressions of section 15.7.4 of WGSL.
import { exponentOf, scaled } from "../numbers.ts";
import { wholeFunction } from "../operations-whole.ts";
import {
  add,
  type Bounded,
  compare,
  divide,
  either,
  exactly,
  type Format,
  highest,
  lowest,
  multiply,
  negate,
  rising,
  rounded,
  subtract,
  unknown,
} from "./bounded.ts";
import { boundedFunction } from "./functions.ts";

type Numbers = readonly Bounded[];

/** The scalars of a result from those of the operands. */
type BoundedWhole = (format: Format, values: readonly Numbers[]) => readonly Bounded[];

const [zero, one] = [exactly(0), exactly(1)];

/** The sum of products in any order, each of them rounded or not. */
function dot(format: Format, a: Numbers, b: Numbers): Bounded {
  const products = a.map((x, i) => multiply(format, x, b[i] ?? zero));
  return sumOf(format, products);
}

/** The sum of numbers in any order: each addition rounds no more than all magnitudes together. */
export function sumOf(format: Format, terms: Numbers): Bounded {
  const [first = zero, ...others] = terms;
  if (others.length === 0) return first;
  let [value, carried, magnitude] = [0, 0, 0];
  for (const term of terms) {
    value += term.value;
    carried += term.bound;
    magnitude += Math.abs(term.value) + term.bound;
  }
  if (terms.some((term) => !Number.isFinite(term.value))) return terms.reduce((a, b) => add(format, a, b));
  if (carried === 0 && areWhole(format, terms, magnitude)) return exactly(value);
  return rounded(format, value, carried + (terms.length - 1) * format.unit * magnitude);
}

/** Whether numbers are whole and so few that every sum of them is exact. */
const areWhole = ({ digits }: Format, terms: Numbers, magnitude: number): boolean =>
  magnitude < 2 ** digits && terms.every(({ value }) => Number.isInteger(value));

const root = (format: Format, x: Bounded): Bounded => {
  const apply = boundedFunction("sqrt");
  return apply ? apply(format, x, x, x) : x;
};

/** A sum of squares is no negative number, which its bound alone does not say. */
function length(format: Format, x: Numbers): Bounded {
  return root(format, dot(format, x, x));
}

const without = (format: Format, a: Numbers, factor: Bounded, b: Numbers): Bounded[] =>
  a.map((x, i) => subtract(format, x, multiply(format, factor, b[i] ?? zero)));

function cross(format: Format, a: Numbers, b: Numbers): Bounded[] {
  const at = (of: Numbers, i: number) => of[i % 3] ?? zero;
  return [1, 2, 3].map((i) =>
    subtract(format, multiply(format, at(a, i), at(b, i + 1)), multiply(format, at(a, i + 1), at(b, i))),
  );
}

function faceForward(format: Format, x: Numbers, incident: Numbers, reference: Numbers): Bounded[] {
  const cosine = dot(format, incident, reference);
  const faces = compare(format, "<", cosine, zero);
  return x.map((own) => {
    const other = negate(format, own);
    if (faces === undefined) return either(cosine.value < 0 ? own.value : other.value, own, other);
    return faces ? own : other;
  });
}

function refract(format: Format, incident: Numbers, normal: Numbers, ratio: Bounded): readonly Bounded[] {
  const cosine = dot(format, normal, incident);
  const sine = subtract(format, one, multiply(format, cosine, cosine));
  const k = subtract(format, one, multiply(format, multiply(format, ratio, ratio), sine));
  const isInside = compare(format, "<", k, zero);
  if (isInside) return incident.map(() => zero);
  const factor = add(format, multiply(format, ratio, cosine), root(format, k));
  const scaledBy = incident.map((x) => multiply(format, ratio, x));
  const result = without(format, scaledBy, factor, normal);
  return isInside === false ? result : result.map(({ value }) => unknown(value));
}

/** x as a fraction from ½ to 1 times a power of two. */
function fractionOf(x: Bounded): readonly [fraction: Bounded, exponent: Bounded] {
  const exponentFor = (of: number) => (of === 0 || !Number.isFinite(of) ? 0 : exponentOf(of) + 1);
  const exponent = exponentFor(x.value);
  const fraction = scaled(x.value, -exponent);
  if (x.bound === 0) return [exactly(fraction), exactly(exponent)];
  const isSame = exponentFor(lowest(x)) === exponent && exponentFor(highest(x)) === exponent;
  if (!isSame || Math.abs(x.value) <= x.bound) return [unknown(fraction), unknown(exponent)];
  return [{ value: fraction, bound: scaled(x.bound, -exponent) }, exactly(exponent)];
}

function fractionAndWhole(format: Format, x: Bounded): readonly [fraction: Bounded, whole: Bounded] {
  const whole = rising(format, x, Math.trunc);
  const fraction = x.value - whole.value;
  return [
    whole.bound === 0 ? { value: fraction, bound: x.bound } : { value: fraction, bound: x.bound + whole.bound },
    whole,
  ];
}

/** In doubles. WGSL bounds its error nowhere. */
function determinant(matrix: Numbers): number {
  const values = matrix.map(({ value }) => value);
  return wholeFunction("determinant")?.([values], "abstract-float", Math.sqrt(values.length))[0] ?? Number.NaN;
}

const functions: Readonly<Record<string, BoundedWhole>> = {
  cross: (format, [a = [], b = []]) => cross(format, a, b),
  determinant: (_, [matrix = []]) => [unknown(determinant(matrix))],
  distance: (format, [a = [], b = []]) => [
    length(
      format,
      a.map((x, i) => subtract(format, x, b[i] ?? zero)),
    ),
  ],
  faceForward: (format, [x = [], incident = [], reference = []]) => faceForward(format, x, incident, reference),
  frexp: (_, [x = []]) => {
    const parts = x.map(fractionOf);
    return [...parts.map(([fraction]) => fraction), ...parts.map(([, exponent]) => exponent)];
  },
  length: (format, [x = []]) => [length(format, x)],
  modf: (format, [x = []]) => {
    const parts = x.map((own) => fractionAndWhole(format, own));
    return [...parts.map(([fraction]) => fraction), ...parts.map(([, whole]) => whole)];
  },
  normalize(format, [x = []]) {
    const by = length(format, x);
    return x.map((own) => divide(format, own, by));
  },
  reflect: (format, [incident = [], normal = []]) =>
    without(format, incident, multiply(format, exactly(2), dot(format, incident, normal)), normal),
  refract: (format, [incident = [], normal = [], [ratio = zero] = []]) => refract(format, incident, normal, ratio),
};

const table: ReadonlyMap<string, BoundedWhole> = new Map(Object.entries(functions));

/** A builtin function of whole values whose operands are floats; undefined for other names. */
export const boundedWhole = (name: string): BoundedWhole | undefined => table.get(name);
