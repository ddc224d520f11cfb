import { exp } from "../../kernels/elementwise/activation.ts";
import { add, div, mul, sub } from "../../kernels/elementwise/elementwise.ts";
import { where } from "../../kernels/elementwise/where.ts";
import * as reference from "../../reference/elementwise.ts";
import type { DType } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Case, type CaseInput, type CaseTable, hasTag } from "../case-table.ts";
import { normal, randomSource } from "../random.ts";

const floats = (shape: readonly number[], seed: number): CaseInput => ({ shape, values: normal(sizeOf(shape), seed) });

/** Integers whose products stay within 32 bits; small ones for u32, so that a − b is not below 0. */
function integers(shape: readonly number[], seed: number, dtype: "i32" | "u32", least: number): CaseInput {
  const source = randomSource(seed);
  const values = Float64Array.from({ length: sizeOf(shape) }, () => least + source.integer(30_000));
  return { shape, values, dtype };
}

interface Shapes {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly a: readonly number[];
  readonly b: readonly number[];
}

/** Shapes that broadcast in every way; names say how. */
const pairs: readonly Shapes[] = [
  { name: "one element", a: [1], b: [1] },
  { name: "scalars", a: [], b: [] },
  { name: "one shape, four per step", a: [3, 5, 64], b: [3, 5, 64] },
  { name: "one shape, ragged", a: [7, 127], b: [7, 127] },
  { name: "a scalar", a: [], b: [5, 9] },
  { name: "a row, four per step", a: [12, 64], b: [64] },
  { name: "a row, ragged", a: [12, 67], b: [67] },
  { name: "a column", a: [12, 64], b: [12, 1] },
  { name: "both repeated", a: [13, 1], b: [1, 17] },
  { name: "a middle axis", a: [3, 1, 8], b: [3, 5, 8] },
  { name: "four axes, alternately repeated", a: [2, 1, 4, 1], b: [1, 3, 1, 5] },
  { name: "six axes that join to four", a: [2, 3, 1, 4, 2, 2], b: [2, 3, 5, 1, 2, 2] },
  { name: "more axes on the right", a: [3, 4], b: [2, 1, 3, 4] },
  { name: "70,000 rows", tags: ["long"], a: [70_000, 3], b: [70_000, 1] },
  { name: "folds: 16 workgroups", tags: ["folds"], a: [40, 100], b: [100] },
];

type Pair = "a" | "b";
type Triple = "condition" | "a" | "b";

const table = <Inputs extends string>(
  op: string,
  run: CaseTable<Inputs, "y">["run"],
  reference: CaseTable<Inputs, "y">["reference"],
  cases: readonly Case<Inputs>[],
  more: Partial<CaseTable<Inputs, "y">> = {},
): CaseTable<Inputs, "y"> => ({ op, variants: [op], reference, run, cases, ...more });

const withFloats = pairs.map(
  ({ name, tags = [], a, b }): Case<Pair> => ({ name, tags, inputs: { a: floats(a, 1), b: floats(b, 2) } }),
);

const withIntegers = (dtype: "i32" | "u32") =>
  pairs
    .filter((pair) => !hasTag(pair, "long"))
    .map(({ name, tags = [], a, b }): Case<Pair> => {
      const [left, right] = dtype === "i32" ? [-15_000, -20_000] : [30_000, 0];
      const inputs = { a: integers(a, 1, dtype, left), b: integers(b, 2, dtype, right) };
      return { name: `${dtype}, ${name}`, tags, inputs };
    });

const exact = (dtype: DType) => ({ cap: 0, dtypes: { y: dtype } });

const special: Case<Pair> = {
  name: "NaN and infinities",
  inputs: {
    a: { shape: [4], values: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1] },
    b: { shape: [4], values: [1, 2, 3, Number.NaN] },
  },
};

/** Conditions are 0, 1 and other numbers. */
const choices = (shape: readonly number[]): CaseInput => {
  const source = randomSource(5);
  const values = Float64Array.from({ length: sizeOf(shape) }, () => source.integer(3) * 1000);
  return { shape, values, dtype: "u32" };
};

const triples: readonly (Shapes & { readonly condition: readonly number[] })[] = [
  { name: "one element", condition: [1], a: [1], b: [1] },
  { name: "one shape, four per step", condition: [3, 64], a: [3, 64], b: [3, 64] },
  { name: "one shape, ragged", condition: [3, 61], a: [3, 61], b: [3, 61] },
  { name: "folds: 16 workgroups", tags: ["folds"], condition: [40, 100], a: [100], b: [40, 1] },
  { name: "a mask over rows", condition: [5, 8], a: [2, 5, 8], b: [] },
  { name: "three, each repeated along an axis", condition: [7, 1, 1], a: [1, 5, 1], b: [3] },
];

const chosen = triples.map(
  ({ name, tags = [], condition, a, b }): Case<Triple> => ({
    name,
    tags,
    inputs: { condition: choices(condition), a: floats(a, 1), b: floats(b, 2) },
  }),
);

const chosenIntegers = (dtype: "i32" | "u32") =>
  triples.map(({ name, tags = [], condition, a, b }): Case<Triple> => {
    const inputs = { condition: choices(condition), a: integers(a, 1, dtype, 0), b: integers(b, 2, dtype, 0) };
    return { name: `${dtype}, ${name}`, tags, inputs };
  });

const exponents: readonly Case<"x">[] = [
  { name: "one element", inputs: { x: floats([1], 1) } },
  { name: "four per step", inputs: { x: floats([3, 5, 64], 1) } },
  { name: "folds: 16 workgroups", tags: ["folds"], inputs: { x: floats([40, 100], 1) } },
  { name: "ragged", inputs: { x: floats([7, 127], 1) } },
  {
    name: "NaN, infinities, over- and underflow",
    inputs: {
      x: {
        shape: [8],
        values: [Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 1000, -1000, 0, -0, 1],
      },
    },
  },
];

export const elementwiseCases: readonly CaseTable[] = [
  table("add", add, reference.add, [...withFloats, special]),
  table("add", add, reference.add, withIntegers("i32"), exact("i32")),
  table("add", add, reference.add, withIntegers("u32"), exact("u32")),
  table("sub", sub, reference.sub, [...withFloats, special]),
  table("sub", sub, reference.sub, withIntegers("i32"), exact("i32")),
  table("sub", sub, reference.sub, withIntegers("u32"), exact("u32")),
  table("mul", mul, reference.mul, [...withFloats, special]),
  table("mul", mul, reference.mul, withIntegers("i32"), exact("i32")),
  table("mul", mul, reference.mul, withIntegers("u32"), exact("u32")),
  table("div", div, reference.div, [...withFloats, special]),
  table("exp", exp, reference.exp, exponents),
  table("where", where, reference.where, [
    ...chosen,
    {
      name: "elements not chosen may be NaN",
      inputs: {
        condition: { shape: [4], values: [1, 0, 1, 0], dtype: "u32" },
        a: { shape: [4], values: [1, Number.NaN, 3, Number.NaN] },
        b: { shape: [4], values: [Number.NaN, 2, Number.NaN, 4] },
      },
    },
  ]),
  ...(["i32", "u32"] as const).map((dtype) =>
    table("where", where, reference.where, chosenIntegers(dtype), exact(dtype)),
  ),
];
