import type { Case, CaseTable } from "../../src/check/case-table.ts";
import { normal } from "../../src/check/random.ts";
import { ropeTable } from "../../src/index.ts";

/** Rows and columns of a batch of 8 × 256 tokens of width 256, for elementwise functions. */
const [rows, cols] = [2048, 256];

const input = (shape: readonly number[], seed: number) => ({
  shape,
  values: normal(
    shape.reduce((product, axis) => product * axis, 1),
    seed,
  ),
});

const matrix = (seed: number, [r, c]: readonly [number, number] = [rows, cols]) => input([r, c], seed);

/** The tables of elementwise functions, by op name. */
async function ofElements(op: string): Promise<CaseTable> {
  const { activationBackwardCases } = await import("../../src/check/cases/activation-backward.ts");
  const table = activationBackwardCases.find((one) => one.op === op);
  if (!table) throw new TypeError(`there are no cases of ${op}`);
  const isGated = table.cases.some(({ inputs }) => "gate" in inputs);
  const inputs = isGated ? { gate: matrix(1), up: matrix(2), dy: matrix(3) } : { x: matrix(1), dy: matrix(3) };
  return { ...table, cases: [{ name: `${rows}×${cols}`, inputs }] };
}

/** Segments of 64 rows, pooled by their sums or maxima. */
const pooled = (operation: "sum" | "max"): Case => ({
  name: `${operation}: 32 of 64 rows, ${cols} wide`,
  inputs: {
    x: matrix(1),
    weights: { shape: [rows], values: new Float32Array(rows).fill(1) },
    offsets: { shape: [33], values: Array.from({ length: 33 }, (_, i) => 64 * i), dtype: "u32" },
    dy: input([32, cols], 4),
  },
  options: { operation },
});

const routed = (tokens: number, experts: number, choices: number): Case => ({
  name: `${tokens} tokens, ${choices} of ${experts} experts`,
  inputs: {
    logits: input([tokens, experts], 5),
    experts: {
      shape: [tokens, choices],
      values: Array.from({ length: tokens * choices }, (_, i) => (i * 7) % experts),
      dtype: "u32",
    },
  },
  options: { scores: "softmax" },
});

/** Heads of a training step of the bundled model, rotated back. */
const rotated = (layout: "halves" | "interleaved"): Case => ({
  name: `${layout}: 8 × 256 tokens, 4×64`,
  inputs: {
    x: input([8, 256, 4, 64], 6),
    table: {
      shape: [256, 32, 2],
      values: ropeTable({ theta: 10_000, width: 64, positions: 256, scaling: { kind: "none" } }),
    },
  },
  options: { layout, inverse: true },
});

const dropped = (shape: readonly number[]): Case => ({
  name: `${shape.join("×")} elements`,
  inputs: { x: input(shape, 7), key: { shape: [2], values: [1, 2], dtype: "u32" } },
  options: { rate: 0.1, site: 0 },
});

const withCases = (table: CaseTable, cases: readonly Case[]): CaseTable => ({ ...table, cases });

/** The ops of gradients other than products, norms and attention, at the shapes of training steps. */
export const gradientTables: Readonly<Record<string, () => Promise<CaseTable>>> = {
  ...Object.fromEntries(
    ["gelu", "silu", "relu", "squaredRelu", "tanh", "sigmoid", "swiglu", "reglu"].map((name) => [
      `${name}Backward`,
      () => ofElements(`${name}Backward`),
    ]),
  ),
  rope: async () =>
    withCases((await import("../../src/check/cases/attention/rope.ts")).ropeCases, [
      rotated("halves"),
      rotated("interleaved"),
    ]),
  dropout: async () =>
    withCases((await import("../../src/check/cases/dropout.ts")).dropoutCases, [dropped([rows, cols])]),
  logSoftmax: async () =>
    withCases((await import("../../src/check/cases/rows/log-softmax.ts")).logSoftmaxCases, [
      { name: `${rows}×${cols}`, inputs: { x: matrix(1) } },
      { name: "64×8192", inputs: { x: matrix(1, [64, 8192]) } },
    ]),
  logSoftmaxBackward: async () =>
    withCases((await import("../../src/check/cases/rows/log-softmax.ts")).logSoftmaxBackwardCases, [
      logarithms(rows, cols),
      logarithms(64, 8192),
    ]),
  l2NormaliseBackward: async () =>
    withCases((await import("../../src/check/cases/rows/l2-normalise.ts")).l2NormaliseBackwardCases, [
      { name: `${rows}×${cols}`, inputs: { x: matrix(1), dy: matrix(2) }, options: { eps: 1e-12 } },
    ]),
  reduceSegmentsBackward: async () =>
    withCases((await import("../../src/check/cases/rows/segments-backward.ts")).segmentBackwardCases, [
      pooled("sum"),
      pooled("max"),
    ]),
  maxBackward: async () =>
    withCases((await import("../../src/check/cases/rows/segments-backward.ts")).maxBackwardCases, [
      { name: `${rows}×${cols}`, inputs: { x: matrix(1), dy: input([rows], 2) }, options: { axis: 1 } },
    ]),
  routeBackward: async () =>
    withCases(
      (await import("../../src/check/cases/moe/backward.ts")).routeBackwardCases,
      [routed(2048, 8, 2), routed(2048, 128, 8)].map(({ inputs, ...item }) => ({
        ...item,
        inputs: { ...inputs, dweights: input(inputs["experts"]?.shape ?? [], 9) },
        options: { k: inputs["experts"]?.shape[1] ?? 1, scores: "softmax", normalise: true },
      })),
    ),
  routerStatistics: async () =>
    withCases((await import("../../src/check/cases/moe/backward.ts")).statisticsTable, [
      routed(2048, 8, 2),
      routed(2048, 60, 4),
      routed(2048, 128, 8),
    ]),
  routerStatisticsBackward: async () =>
    withCases(
      (await import("../../src/check/cases/moe/backward.ts")).statisticsBackwardTable,
      [8, 128].map((experts) => ({
        name: `2048 tokens, ${experts} experts`,
        inputs: { logits: input([2048, experts], 5), dsums: input([2 * experts + 1], 8) },
        options: { scores: "softmax" },
      })),
    ),
};

/** Logarithms of equal probabilities. */
function logarithms(of: number, among: number): Case {
  const y = { shape: [of, among], values: new Float32Array(of * among).fill(-Math.log(among)) };
  return { name: `${of}×${among}`, inputs: { y, dy: matrix(2, [of, among]) } };
}
