import { expect, test } from "vitest";
import { opTables, runOpBench } from "../../bench/index.ts";
import { softmaxShape } from "../../bench/ops/shapes.ts";
import type { CaseTable } from "../../src/check/case-table.ts";
import { softmaxCases } from "../../src/check/cases/softmax.ts";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { testGpu } from "../support/gpu.ts";
import { someRow } from "./rows.ts";

const gpu = await testGpu();
gpu.buffers.poison = false;

test("the other ops' benches return rows of the same form; a wrong one has no speed", async () => {
  const spoiled = (y: Tensor): Tensor =>
    Object.assign(Object.create(y), { read: async () => (await y.read()).map((value) => value * 1.001) });
  const table: CaseTable<"x", "y"> = {
    ...softmaxCases,
    variants: ["online", "spoiled"],
    canaries: false,
    cases: [softmaxShape(20, 33)],
    run: (on, tensors, options, variant) => {
      const { y } = softmaxCases.run(on, tensors, options, "online");
      return { y: variant === "spoiled" ? spoiled(y) : y };
    },
  };
  const result = await runOpBench(gpu, {
    ...{ tables: { softmax: table }, timing: { intervalMs: 1, samples: 2, budgetMs: 50 }, clock: "wall", peaks: false },
    commandOptions: [],
  });
  const [right, wrong] = result.rows;
  expect(Object.keys(right ?? {}).sort()).toEqual(Object.keys(someRow()).sort());
  expect(right).toMatchObject({ verdict: "pass", op: "softmax", variant: "online", batch: "20×33", shareOfFastest: 1 });
  expect(right?.medianMs).toBeGreaterThan(0);
  expect(right?.command).toBe("node dist/cli.js bench softmax");
  expect(wrong).toMatchObject({ verdict: "fail", medianMs: null, tflops: null, gbs: null, shareOfFastest: null });
  expect(Object.keys(opTables)).toEqual(["rms-norm", "layer-norm", "softmax", "matmul"]);
});
