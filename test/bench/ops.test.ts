import { expect, test } from "vitest";
import { opTables, runOpBench } from "../../bench/index.ts";
import { blockCases, blockShape } from "../../bench/ops/block.ts";
import { ropeShape, softmaxShape } from "../../bench/ops/shapes.ts";
import type { CaseTable } from "../../src/check/case-table.ts";
import { ropeCases } from "../../src/check/cases/attention/rope.ts";
import { softmaxCases } from "../../src/check/cases/rows/softmax.ts";
import { checkCase } from "../../src/check/check-case.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { someRow } from "./rows.ts";

const gpu = await quickGpu();
gpu.buffers.poison = false;

test("the other ops' benches return rows of the same form; a wrong one has no speed", async () => {
  const spoiled = (y: Tensor): Tensor =>
    Object.assign(Object.create(y), { read: async () => (await y.read()).map((value) => value * 1.001) });
  const table: CaseTable<"x", "y"> = {
    ...softmaxCases,
    variants: ["online", "spoiled"],
    requires: () => [],
    canaries: false,
    cases: [softmaxShape(20, 33)],
    run: (on, tensors, options, variant) => {
      const { y } = softmaxCases.run(on, tensors, options, "online");
      return { y: variant === "spoiled" ? spoiled(y) : y };
    },
  };
  const result = await runOpBench(gpu, {
    tables: { softmax: table },
    timing: { intervalMs: 1, samples: 2, budgetMs: 50 },
    clock: "wall",
    peaks: false,
    commandOptions: [],
  });
  const [right, wrong] = result.rows;
  expect(Object.keys(right ?? {}).sort()).toEqual(Object.keys(someRow()).sort());
  expect(right).toMatchObject({ verdict: "pass", op: "softmax", variant: "online", batch: "20×33", shareOfFastest: 1 });
  expect(right?.medianMs).toEqual(expect.any(Number));
  expect(right?.command).toBe("node dist/cli.js bench softmax");
  expect(wrong).toMatchObject({ verdict: "fail", medianMs: null, tflops: null, gbs: null, shareOfFastest: null });
  expect(Object.keys(opTables)).toEqual([
    "rms-norm",
    "layer-norm",
    "rms-norm-backward",
    "layer-norm-backward",
    "softmax",
    "softmax-backward",
    "delta-rule",
    "state-space",
    "recurrent",
    "recurrent-backward",
    "index-scores",
    "select-keys",
    "selected-attention",
    "short-convolution",
    "short-convolution-backward",
    "rope",
    "block",
    "matmul",
    "gemm",
  ]);
});

const doubled = (given: Dense | undefined) =>
  dense(
    given?.shape ?? [],
    (given?.values ?? new Float64Array()).map((value) => 2 * value),
  );
const sizes = { model: "small", c: 32, h: 4, d: 8, hidden: 64 };

test.each([
  ["GPT-2's", { ...sizes, g: 4, gated: false }],
  ["Llama's", { ...sizes, g: 2, gated: true }],
] as const)("%s block is right in a prefill and in a decode step, and a wrong one is noticed", async (_, shape) => {
  for (const [t, s] of [
    [5, 5],
    [1, 7],
  ] as const) {
    const item = blockShape(shape, t, s);
    const figures = await checkCase(gpu, blockCases, "transformerBlock", item);
    expect(figures?.nmse).toBeLessThan(1e-11);
    const other: CaseTable = {
      ...blockCases,
      reference: ({ q, ...inputs }, options) => blockCases.reference({ ...inputs, q: doubled(q) }, options),
    };
    await expect(checkCase(gpu, other, "transformerBlock", item)).rejects.toThrow(/block transformerBlock, small/);
  }
});

test("the shapes of rotation are right", async () => {
  expect(await checkCase(gpu, ropeCases, "vectors", ropeShape(3, 2, 8))).toBeDefined();
});
