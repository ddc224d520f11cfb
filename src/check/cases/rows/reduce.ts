import { columnSums } from "../../../kernels/reduce/column-sums.ts";
import { max, mean, sum } from "../../../kernels/reduce/reduce.ts";
import * as reference from "../../../reference/reduce.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, variantsOf, withTags } from "../../case-table.ts";
import * as emulation from "../../emulation/rows.ts";
import { allowedUlps } from "../../gate.ts";
import { normal } from "../../random.ts";

interface Axis {
  readonly axis: number;
}

const shape = (
  name: string,
  dims: number[],
  axis: number,
  change: (value: number, i: number) => number = (v) => v,
): Case<"x", Axis> => ({
  name: `${name}: [${dims.join(", ")}] over ${axis}`,
  inputs: { x: { shape: dims, values: normal(sizeOf(dims), 1).map(change) } },
  options: { axis },
});

const cases = [
  shape("one element", [1], 0),
  shape("a vector", [1000], 0),
  shape("ragged", [3, 127], 1),
  shape("the first axis", [37, 5], 0),
  shape("a middle axis", [3, 41, 7], 1),
  shape("counted from the last", [3, 5, 2, 129], -3),
  shape("a long axis", [3, 5000], 1),
  shape("a long first axis, few results", [5000, 3], 0),
  shape("an axis of one", [4, 1, 5], 1),
  shape("70,000 rows", [70_000, 3], 1),
  shape("70,000 summed", [70_000, 2], 0),
  withTags(shape("folds: 10 or 20 workgroups", [640, 3], 1), "folds"),
  shape("all of one sign: rounding adds up", [200_000], 0, (value) => 1 + Math.abs(value)),
  {
    ...shape("small elements added to a large one", [131_072], 0, (_, i) => (i === 3 ? 1 : 4.575e-8)),
    bounds: { results: { y: { relative: 2e-5 } } },
  },
  shape("outliers ×20", [6, 700], 1, (value, i) => (i % 100 === 7 ? 20 * value : value)),
  shape("large values", [6, 70], 1, (value) => 1e30 * value),
  shape("over nothing", [4, 0, 3], 1),
  shape("an empty axis", [0, 3], 1),
  shape("NaN", [3, 70], 1, (value, i) => (i === 100 ? Number.NaN : value)),
  shape("−∞ and +∞", [4, 70], 1, (value, i) =>
    i < 70 ? Number.NEGATIVE_INFINITY : i === 150 ? Number.POSITIVE_INFINITY : value,
  ),
];

type Reduction = CaseTable<"x", "y", Axis>["reference"];

const table = (
  op: typeof sum,
  reference: Reduction,
  emulation?: Reduction,
): CaseTable<"x", "y", Axis, keyof typeof sum.variants> => ({
  op: op.opName,
  variants: variantsOf(op),
  cases,
  reference,
  run: (gpu, tensors, options, variant) => op(gpu, tensors, { ...options, variant }),
  ...(emulation ? { gate: { emulation, allowed: () => allowedUlps.division } } : {}),
});

/** Sums of columns as {@link sum} over axis 0 has them. */
export const columnSumCases: CaseTable<"x", "y", object, keyof typeof columnSums.variants> = {
  op: columnSums.opName,
  variants: variantsOf(columnSums),
  reference: ({ x }) => reference.sum({ x }, { axis: 0 }),
  run: (gpu, tensors, options, variant) => columnSums(gpu, tensors, { ...options, variant }),
  gate: { emulation: ({ x }) => emulation.sum({ x }, { axis: 0 }) },
  cases: [
    ...[
      shape("one element", [1, 1], 0),
      shape("one row", [1, 130], 0),
      shape("ragged", [3, 127], 0),
      shape("prime lengths", [131, 67], 0),
      shape("a whole block", [128, 8], 0),
      shape("a block and one row", [129, 8], 0),
      shape("three stages", [16_500, 3], 0),
      shape("few columns, 70,000 rows", [70_000, 7], 0),
      withTags(shape("folds: 10 or 20 workgroups", [256, 320], 0), "folds"),
      shape("all of one sign: rounding adds up", [200_000, 1], 0, (value) => 1 + Math.abs(value)),
      shape("outliers ×20", [700, 6], 0, (value, i) => (i % 100 === 7 ? 20 * value : value)),
      shape("no rows", [0, 5], 0),
      shape("no columns", [5, 0], 0),
      shape("NaN and +∞ in their columns", [300, 4], 0, (value, i) =>
        i === 42 ? Number.NaN : i === 401 ? Number.POSITIVE_INFINITY : value,
      ),
    ].map(({ options: _, ...item }) => item),
    {
      name: "small elements added to a large one: [131072, 1]",
      inputs: {
        x: { shape: [131_072, 1], values: Array.from({ length: 131_072 }, (_, i) => (i === 3 ? 1 : 4.575e-8)) },
      },
      bounds: { results: { y: { relative: 2e-5 } } },
    },
  ],
};

export const reduceCases = [
  table(sum, reference.sum, emulation.sum),
  table(mean, reference.mean, emulation.mean),
  table(max, reference.max),
] as const;
