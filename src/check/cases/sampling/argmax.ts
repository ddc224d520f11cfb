import { argmax } from "../../../kernels/sampling/argmax.ts";
import { argmax as reference } from "../../../reference/sampling.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { normal } from "../../random.ts";

const given = (name: string, shape: readonly number[], values: ArrayLike<number>): Case<"x"> => ({
  name,
  inputs: { x: { shape, values } },
});

const random = (name: string, ...shape: number[]): Case<"x"> =>
  given(
    name,
    shape,
    normal(
      shape.reduce((product, size) => product * size, 1),
      1,
    ),
  );

const minus = Number.NEGATIVE_INFINITY;
const nan = Number.NaN;

export const argmaxCases: CaseTable<"x", "index", object, "argmax"> = {
  op: "sampling/argmax",
  cap: 0,
  dtypes: { index: "u32" },
  reference: ({ x: { shape, values } }) => {
    const v = shape.at(-1) ?? 1;
    const { ids } = reference({ logits: { shape: [values.length / v, v], values } });
    return { index: { shape: shape.slice(0, -1), values: ids.values } };
  },
  variants: ["argmax"],
  run: argmax,
  cases: [
    random("one element", 1, 1),
    random("one axis", 7),
    random("two leading axes", 2, 3, 257),
    random("70,001 rows: the grid folds, with a workgroup to spare", 70_001, 3),
    random("the vocabulary of Qwen3", 2, 151_936),
    given("all equal", [2, 1000], new Float64Array(2000)),
    given(
      "ties: rounded to eighths",
      [8, 2048],
      normal(8 * 2048, 2).map((value) => Math.round(value * 8) / 8),
    ),
    given("zeros of both signs tie", [2, 3], [-1, -0, 0, 0, -0, -1]),
    given("negative, subnormal and very large numbers", [3, 3], [-3, -1, -2, 1e-40, 2e-40, 0, 1e38, 3e38, -3e38]),
    given("nothing above minus infinity", [3, 2], [minus, minus, nan, nan, nan, minus]),
    given("infinities and NaN", [3, 4], [minus, 1, nan, 1, nan, minus, -5, nan, nan, 3e38, Infinity, Infinity]),
  ],
};
