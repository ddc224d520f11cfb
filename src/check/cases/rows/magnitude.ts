import type { Gpu } from "../../../gpu/gpu.ts";
import { magnitude } from "../../../kernels/reduce/magnitude.ts";
import { magnitude as reference } from "../../../reference/reduce.ts";
import type { Case, CaseTable } from "../../case-table.ts";
import { normal } from "../../random.ts";

type Inputs = "x" | "peaks";

const given = (name: string, shape: readonly number[], values: ArrayLike<number>, words: number[], index: number) =>
  ({
    name,
    inputs: { x: { shape, values }, peaks: { shape: [words.length], values: words, dtype: "u32" } },
    options: { index },
  }) satisfies Case<Inputs, { index: number }>;

const random = (name: string, ...shape: number[]) =>
  given(
    name,
    shape,
    normal(
      shape.reduce((all, size) => all * size, 1),
      3,
      5,
    ),
    [0, 0, 0],
    1,
  );

const { POSITIVE_INFINITY: infinite, NEGATIVE_INFINITY: minus, NaN: nan } = Number;

export const magnitudeCases: CaseTable<Inputs, "peaks", { index: number }, "magnitude"> = {
  op: "reduce/magnitude",
  cap: 0,
  dtypes: { peaks: "u32" },
  reference: ({ x, peaks }, options) => reference({ x, peaks }, options),
  variants: ["magnitude"],
  run: (gpu: Gpu, tensors, options) => magnitude(gpu, tensors, options),
  cases: [
    random("one element", 1),
    random("a workgroup and one element", 257),
    random("three axes", 2, 3, 97),
    random("70,000 elements, several workgroups", 70_000),
    given("the largest is negative", [5], [1, -7.5, 3, 0, -2], [0, 0], 0),
    given(
      "the last of a workgroup",
      [256],
      Float64Array.from({ length: 256 }, (_, i) => i),
      [0],
      0,
    ),
    given("a word that holds more stays, and so do the others", [3], [1, 2, 3], [9, 0x40a00000, 7], 1),
    given("a word that holds less does not", [3], [1, 2, 3], [9, 0x40000000, 7], 1),
    given("infinity is above every number", [3], [3.4e38, minus, 3], [0], 0),
    given("NaN is above infinity", [4], [infinite, nan, 3, minus], [0], 0),
    given("zeros of both signs", [3], [0, -0, 0], [0], 0),
    given("numbers below the normal ones", [2], [1e-40, -2e-40], [0], 0),
    { ...given("an index that there is not", [1], [1], [0], 1), refusedBy: ["magnitude"] },
  ],
};
