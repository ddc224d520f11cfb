import { expect, test } from "vitest";
import { opTables, runOpBench } from "../../bench/index.ts";
import { softmaxShape } from "../../bench/ops/shapes.ts";
import { softmaxCases } from "../../src/check/cases/softmax.ts";
import { testGpu } from "../support/gpu.ts";
import { someRow } from "./rows.ts";

const gpu = await testGpu();
gpu.buffers.poison = false;

test("the other ops' benches give rows of the same form; a wrong one has no speed", async () => {
  const { online } = softmaxCases.variants;
  if (!online) throw new Error("softmax has no variant online");
  const spoiled = (...given: Parameters<typeof online>) => {
    const { y } = online(...given);
    if (!y) throw new Error("there is no y");
    return { y: Object.assign(Object.create(y), { read: async () => (await y.read()).map((value) => value * 1.001) }) };
  };
  const table = { ...softmaxCases, canaries: false, variants: { online, spoiled }, cases: [softmaxShape(20, 33)] };
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
