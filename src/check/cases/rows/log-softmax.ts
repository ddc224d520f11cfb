import { logSoftmax } from "../../../kernels/softmax/log-softmax.ts";
import { logSoftmaxBackward } from "../../../kernels/softmax/log-softmax-backward.ts";
import { dense } from "../../../reference/dense.ts";
import * as reference from "../../../reference/softmax.ts";
import { sizeOf } from "../../../tensor/shape.ts";
import { type Case, type CaseTable, variantsOf, withTags } from "../../case-table.ts";
import * as emulation from "../../emulation/rows.ts";
import { allowedUlps, ulp } from "../../gate.ts";
import { normal } from "../../random.ts";

type Change = (value: number, col: number, row: number) => number;

const shape = (
  name: string,
  leading: readonly number[],
  cols: number,
  { score = (value) => value, upstream = (value) => value }: { score?: Change; upstream?: Change } = {},
): Case<"x" | "dy"> => {
  const like = [...leading, cols];
  const drawn = (seed: number, change: Change) =>
    normal(sizeOf(like), seed, 2).map((value, i) => change(value, i % cols, Math.floor(i / cols)));
  return {
    name,
    inputs: { x: { shape: like, values: drawn(1, score) }, dy: { shape: like, values: drawn(2, upstream) } },
  };
};

const { NaN: none, NEGATIVE_INFINITY: lowest, POSITIVE_INFINITY: highest } = Number;

const cases = [
  shape("one element", [1], 1),
  shape("ragged: 3 rows of 127", [3], 127),
  shape("two leading axes, prime width", [2, 5], 257),
  shape("several strides a thread", [9], 1000),
  shape("a row for all threads", [3], 1028),
  shape("a vocabulary", [2], 32_000),
  shape("70,000 rows, several per workgroup", [70_000], 3),
  withTags(shape("folds: 10 and 80 workgroups", [640], 4), "folds"),
  shape("scores far from 0", [3], 40, { score: (value) => 1000 + 40 * value }),
  shape("a row almost certain: logarithms down to −200", [3], 40, { score: (value, col) => (col === 7 ? 200 : value) }),
  shape("−∞ among others, and a row of nothing else", [3], 36, {
    score: (value, col, row) => (row === 1 || col % 5 === 2 ? lowest : value),
  }),
  shape("NaN and +∞ stay in their rows", [4], 36, {
    score: (value, col, row) => (col === 9 && row === 1 ? none : col === 9 && row === 2 ? highest : value),
  }),
  shape("outliers ×20 upstream", [4], 512, { upstream: (value, col) => (col % 100 === 7 ? 20 * value : value) }),
  shape("a gradient of zero", [3], 40, { upstream: () => 0 }),
];

/** The error that WGSL allows log between ½ and 2, and its ulps elsewhere. */
const nearOne = 2 ** -21;
const elsewhere = 3;

/** The logarithm of softmax. */
export const logSoftmaxCases: CaseTable<"x", "y", object, keyof typeof logSoftmax.variants> = {
  op: "log-softmax",
  variants: variantsOf(logSoftmax),
  reference: reference.logSoftmax,
  run: (gpu, tensors, options, variant) => logSoftmax(gpu, tensors, { ...options, variant }),
  gate: {
    emulation: emulation.logSoftmax,
    allowed: ({ x }) => reference.logSoftmax({ x }).y.values.map((y) => elsewhere + nearOne / ulp(y)),
  },
  cases: cases.map(({ inputs: { x }, ...item }) => ({ ...item, inputs: { x } })),
};

/** Its gradient. */
export const logSoftmaxBackwardCases: CaseTable<"y" | "dy", "dx", object, keyof typeof logSoftmaxBackward.variants> = {
  op: "log-softmax-backward",
  variants: variantsOf(logSoftmaxBackward),
  reference: reference.logSoftmaxBackward,
  run: (gpu, tensors, options, variant) => logSoftmaxBackward(gpu, tensors, { ...options, variant }),
  gate: {
    emulation: emulation.logSoftmaxBackward,
    allowed: ({ y }) => y.values.map((value) => (Number.isFinite(value) ? allowedUlps.exp(Math.max(value, -104)) : 0)),
  },
  cases: cases.map(({ inputs: { x, dy }, ...item }) => {
    const { y } = reference.logSoftmax({ x: dense(x.shape, Float64Array.from(x.values, Math.fround)) });
    return { ...item, inputs: { y: { shape: x.shape, values: y.values }, dy } };
  }),
};
