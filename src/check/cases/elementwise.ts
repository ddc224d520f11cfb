import type { Gpu } from "../../gpu/gpu.ts";
import { add, div, exp, mul, sub, where } from "../../kernels/elementwise/elementwise.ts";
import type { Dense } from "../../reference/dense.ts";
import * as reference from "../../reference/elementwise.ts";
import type { DType } from "../../tensor/dtype.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Case, CaseInput, CaseTable } from "../case-table.ts";
import { normal, randomSource } from "../random.ts";

const floats = (shape: readonly number[], seed: number): CaseInput => ({ shape, values: normal(sizeOf(shape), seed) });

/** Integers whose products stay within 32 bits; small ones for u32, so that a − b is not below 0. */
function integers(shape: readonly number[], seed: number, dtype: "i32" | "u32", least: number): CaseInput {
  const source = randomSource(seed);
  const values = Float64Array.from({ length: sizeOf(shape) }, () => least + source.integer(30_000));
  return { shape, values, dtype };
}

/** Shapes that meet in every way: names say how. */
const pairs: Readonly<Record<string, readonly [readonly number[], readonly number[]]>> = {
  "one element": [[1], [1]],
  scalars: [[], []],
  "one shape, four a step": [
    [3, 5, 64],
    [3, 5, 64],
  ],
  "one shape, ragged": [
    [7, 127],
    [7, 127],
  ],
  "a scalar": [[], [5, 9]],
  "a row, four a step": [[12, 64], [64]],
  "a row, ragged": [[12, 67], [67]],
  "a column": [
    [12, 64],
    [12, 1],
  ],
  "both repeated": [
    [13, 1],
    [1, 17],
  ],
  "a middle axis": [
    [3, 1, 8],
    [3, 5, 8],
  ],
  "four axes, repeated in turn": [
    [2, 1, 4, 1],
    [1, 3, 1, 5],
  ],
  "six axes that join to four": [
    [2, 3, 1, 4, 2, 2],
    [2, 3, 5, 1, 2, 2],
  ],
  "more axes on the right": [
    [3, 4],
    [2, 1, 3, 4],
  ],
  "70,000 rows": [
    [70_000, 3],
    [70_000, 1],
  ],
  "folds: 16 workgroups": [[40, 100], [100]],
};

type Op = (gpu: Gpu, tensors: never, options: never) => { readonly y: Tensor };

const table = (
  op: string,
  run: Op,
  expected: (inputs: never) => { y: Dense },
  cases: readonly Case[],
  more: Partial<CaseTable> = {},
): CaseTable => ({
  op,
  reference: (inputs) => expected(inputs as never),
  variants: { [op]: (gpu, tensors, options) => ({ ...run(gpu, tensors as never, options as never) }) },
  cases,
  ...more,
});

const withFloats = Object.entries(pairs).map(
  ([name, [a, b]]): Case => ({ name, inputs: { a: floats(a, 1), b: floats(b, 2) } }),
);

const withIntegers = (dtype: "i32" | "u32") =>
  Object.entries(pairs)
    .filter(([name]) => name !== "70,000 rows")
    .map(([name, [a, b]]): Case => {
      const [left, right] = dtype === "i32" ? [-15_000, -20_000] : [30_000, 0];
      const inputs = { a: integers(a, 1, dtype, left), b: integers(b, 2, dtype, right) };
      return { name: `${dtype}, ${name}`, inputs };
    });

const exact = (dtype: DType): Partial<CaseTable> => ({ cap: 0, dtypes: { y: dtype } });

const special: Case = {
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

const triples: readonly (readonly [string, readonly number[], readonly number[], readonly number[]])[] = [
  ["one element", [1], [1], [1]],
  ["one shape, four a step", [3, 64], [3, 64], [3, 64]],
  ["one shape, ragged", [3, 61], [3, 61], [3, 61]],
  ["folds: 16 workgroups", [40, 100], [100], [40, 1]],
  ["a mask over rows", [5, 8], [2, 5, 8], []],
  ["three repeated in turn", [7, 1, 1], [1, 5, 1], [3]],
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
  table("exp", exp, reference.exp, [
    { name: "one element", inputs: { x: floats([1], 1) } },
    { name: "four a step", inputs: { x: floats([3, 5, 64], 1) } },
    { name: "folds: 16 workgroups", inputs: { x: floats([40, 100], 1) } },
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
  ]),
  table("where", where, reference.where, [
    ...triples.map(
      ([name, c, a, b]): Case => ({ name, inputs: { condition: choices(c), a: floats(a, 1), b: floats(b, 2) } }),
    ),
    {
      name: "what is not chosen may be NaN",
      inputs: {
        condition: { shape: [4], values: [1, 0, 1, 0], dtype: "u32" },
        a: { shape: [4], values: [1, Number.NaN, 3, Number.NaN] },
        b: { shape: [4], values: [Number.NaN, 2, Number.NaN, 4] },
      },
    },
  ]),
  ...(["i32", "u32"] as const).map((dtype) =>
    table(
      "where",
      where,
      reference.where,
      triples.map(([name, c, a, b]): Case => {
        const inputs = { condition: choices(c), a: integers(a, 1, dtype, 0), b: integers(b, 2, dtype, 0) };
        return { name: `${dtype}, ${name}`, inputs };
      }),
      exact(dtype),
    ),
  ),
];
