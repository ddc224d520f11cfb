import { describe, expect, test } from "vitest";
import type { Prepared } from "../../../bench/peers/engines/engine.ts";
import { trainWays } from "../../../bench/peers/engines/shaderformer-train.ts";
import { parseProblem } from "../../../bench/peers/problems.ts";
import { rowOf } from "../../../bench/peers/rows.ts";
import { trainTokens, trainWork } from "../../../bench/peers/train/train.ts";
import { trainCases, trainProblem } from "../../../bench/peers/train/train-problem.ts";
import { truthOfSteps } from "../../../bench/peers/truth/train-truth.ts";
import { judge } from "../../../bench/peers/truth/truth.ts";
import { formatShares } from "../../../bench/train/report.ts";
import { stepShares } from "../../../bench/train/shares.ts";
import { openWeights } from "../../../src/formats/weights.ts";
import { openFolder } from "../../../src/index.ts";
import { bundledModel, bundledNano } from "../../support/bundled.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

const gpu = await quickGpu();
const source = () => openFolder(bundledModel);

describe("steps of training", () => {
  // Of the bundled model: test/train/open/voices.test.ts.
  test("train:q16: the first have the figures of float64, after others too", async () => {
    const problem = trainProblem("train:q16");
    const [way] = trainWays(gpu, problem, source);
    const prepared = (await way?.()) as Prepared;
    try {
      await prepared.run();
      await prepared.settle();
      const judgement = judge(await prepared.read(), truthOfSteps(problem));
      expect(judgement).toMatchObject({ verdict: "pass", reason: null });
    } finally {
      await prepared.dispose();
    }
  });

  test("PyTorch's f32 is right; a figure that is off by two ten-thousandths, missing or NaN is not", () => {
    const truth = truthOfSteps(trainProblem("train:2x32"));
    expect(judge(truth.inF32, truth)).toMatchObject({ verdict: "pass", errorRatio: 1, meanErrorRatio: 1 });
    expect(judge(truth.figures, truth).checked).toBe("7 figures of the first 3 steps, within 0.0001 of float64");
    const off = (at: number) => truth.figures.map((value, i) => (i === at ? value * 1.0002 : value));
    expect(judge(off(2), truth)).toMatchObject({ verdict: "fail" });
    expect(judge(off(2), truth).reason).toMatch(/^wrong: the loss of step 2 is \S+, expected \S+$/);
    expect(judge(off(5), truth).reason).toMatch(/the gradients' norm of step 3/);
    expect(judge(off(6), truth).reason).toMatch(/the norm of all matrices after step 3/);
    expect(judge([Number.NaN, ...truth.figures.slice(1)], truth).reason).toMatch(/the loss of step 1 is NaN/);
    expect(judge(truth.figures.slice(1), truth).reason).toBe("wrong: 6 figures, expected 7");
  });

  test("every case has figures that fall from step to step: the weights learn the batch", () => {
    for (const text of trainCases) {
      const [first = 0, , second = 0, , third = 0] = truthOfSteps(trainProblem(text)).figures;
      expect(second, text).toBeLessThan(first);
      expect(third, text).toBeLessThan(second);
    }
  });

  test.each(trainCases)("%s is written as it is read", (text) => {
    expect(parseProblem(text).text).toBe(text);
  });

  test.each(["train:q7", "train:", "train:4x256"])("%j is refused: its float64 is not recorded", (text) => {
    const expected = `expected one of ${trainCases.join(", ")}, whose float64 is recorded`;
    expect(() => parseProblem(text)).toThrow(new RangeError(`case is "${text}", ${expected}`));
  });

  test("each target is the token after its own", () => {
    const { ids, targets } = trainTokens(trainProblem("train:2x32"));
    expect(ids.map(({ length }) => length)).toEqual([32, 32]);
    for (const [i, row] of ids.entries()) expect(targets[i]?.slice(0, -1)).toEqual(row.slice(1));
  });

  test("the work is that of every weight of the model", async () => {
    const { tensors } = await openWeights(await source());
    const weights = [...tensors.values()].reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 1), 0);
    expect(trainWork(trainProblem("train:2x32")).bytes).toBe(24 * weights);
    const row = rowOf(trainProblem("train:q256"), { name: "a", version: "1" }, { verdict: "pass", reason: null });
    expect(row).toMatchObject({ op: "train", batch: "q256", model: "a block of GPT-2 small", dtype: "f32" });
  });
});

test.skipIf(!gpu.features.has("timestamp-query"))(
  "a step's parts are those of its kernels, of every kind",
  async () => {
    const shares = await stepShares(gpu, trainProblem("train:2x32"), {
      source: () => openFolder(bundledNano),
      runs: 1,
    });
    const { products, attention, optimizer, others } = shares.kernelsMs;
    for (const part of [products, attention, optimizer, others]) expect(part).toBeGreaterThan(0);
    expect(shares.stepMs).toBeCloseTo(products + attention + optimizer + others + shares.launchesMs, 6);
    expect(shares.dispatches).toBeGreaterThan(100);
    expect(formatShares("an adapter", [shares])).toMatch(/^an adapter\n\n\| case \| ms a step \| products \|/);
  },
);
