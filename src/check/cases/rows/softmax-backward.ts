import { softmaxBackward } from "../../../kernels/softmax/softmax-backward.ts";
import { dense } from "../../../reference/dense.ts";
import { softmaxBackward as reference, softmax } from "../../../reference/softmax.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, requirementsOf, variantsOf, withTags } from "../../case-table.ts";
import { softmaxBackward as emulation } from "../../emulation/rows.ts";
import { normal } from "../../random.ts";

type Change = (value: number, col: number, row: number) => number;

/** The softmax of random rows and a random gradient, each changed. */
const shape = (
  name: string,
  leading: number[],
  cols: number,
  { score = (value) => value, upstream = (value) => value }: { score?: Change; upstream?: Change } = {},
): Case<"y" | "dy"> => {
  const like = [...leading, cols];
  const drawn = (seed: number, change: Change) =>
    normal(sizeOf(like), seed).map((value, i) => change(value, i % cols, Math.floor(i / cols)));
  const loads = cols % 4 === 0 ? cols / 4 : cols;
  return {
    name,
    inputs: {
      y: { shape: like, values: softmax({ x: dense(like, drawn(1, score)) }).y.values },
      dy: { shape: like, values: drawn(2, upstream) },
    },
    refusedBy: [...(loads > 1024 ? ["registers"] : []), ...(cols > 8192 ? ["subgroups"] : [])],
  };
};

const hidden = Number.NEGATIVE_INFINITY;

const cases = [
  shape("one element: the gradient vanishes", [1], 1),
  shape("ragged: 3 rows of 127", [3], 127),
  shape("two leading axes, prime width", [2, 5], 257),
  shape("several strides per thread", [9], 1000),
  shape("a row for all threads", [3], 1028),
  shape("a row for all threads, one element per load", [2], 1031),
  shape("eight loads of a thread", [2], 3000),
  shape("the most elements that a subgroup reads", [1], 8192),
  shape("a vocabulary", [2], 32_000),
  shape("70,000 rows, several per workgroup", [70_000], 3),
  withTags(shape("folds: 10 and 80 workgroups", [320], 4), "folds"),
  shape("outliers ×20", [4], 512, { score: (value, col) => (col % 100 === 7 ? 20 * value : value) }),
  shape("outliers ×20 upstream", [4], 512, { upstream: (value, col) => (col % 100 === 7 ? 20 * value : value) }),
  shape("a gradient of zero", [3], 40, { upstream: () => 0 }),
  shape("masked: rows with zeros, one entirely, and NaN where the mask hides", [5], 96, {
    score: (value, col, row) => (row === 2 || col > 10 * row + 3 ? hidden : value),
    upstream: (value, col, row) => (row === 2 || col > 10 * row + 3 ? Number.NaN : value),
  }),
  shape("NaN upstream stays in its row", [5], 36, {
    upstream: (value, col, row) => (row === 3 && col === 20 ? Number.NaN : value),
  }),
  shape("NaN in a row", [3], 36, { score: (value, col, row) => (row === 1 && col === 9 ? Number.NaN : value) }),
  // Products of 10⁻⁶ each, lost where one by one they are added to a sum of 1.
  {
    ...shape("a sum of 1 and 131,071 small products", [1], 131_072, {
      score: (_, col) => (col === 3 ? 11.7 : 0),
      upstream: (_, col) => (col === 3 ? 2 : 0.25),
    }),
    bounds: { results: { dx: { relative: 2e-5 } } },
  },
];

export const softmaxBackwardCases: CaseTable<"y" | "dy", "dx", object, keyof typeof softmaxBackward.variants> = {
  op: "softmax-backward",
  variants: variantsOf(softmaxBackward),
  requires: (variant) => requirementsOf(softmaxBackward, variant),
  reference,
  run: (gpu, tensors, options, variant) => softmaxBackward(gpu, tensors, { ...options, variant }),
  gate: { emulation: (inputs) => emulation(inputs) },
  cases,
};
