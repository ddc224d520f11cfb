import { max, mean, sum } from "../../kernels/reduce/reduce.ts";
import * as reference from "../../reference/reduce.ts";
import { sizeOf } from "../../tensor/shape.ts";
import { type Case, type CaseTable, variantsOf, withTags } from "../case-table.ts";
import * as emulation from "../emulation/reduce.ts";
import { allowedUlps } from "../gate.ts";
import { normal } from "../random.ts";

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

export const reduceCases = [
  table(sum, reference.sum, emulation.sum),
  table(mean, reference.mean, emulation.mean),
  table(max, reference.max),
] as const;
