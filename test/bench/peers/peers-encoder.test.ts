import { describe, expect, test } from "vitest";
import { shaderformer } from "../../../bench/peers/engines/shaderformer.ts";
import { type EncoderProblem, parseProblem } from "../../../bench/peers/problems.ts";
import { judge, truthOf } from "../../../bench/peers/truth/truth.ts";
import { quickGpu } from "../../support/devices/gpu.ts";

describe("vectors of texts", async () => {
  const { vectors = () => [] } = await shaderformer(await quickGpu()).open();

  test("a mixture has lengths from 8 to 128 in equal ratios", () => {
    expect(parseProblem("encoder:5xmixed")).toMatchObject({ lengths: [8, 16, 32, 64, 128] });
    expect(parseProblem("encoder:2x9")).toMatchObject({ lengths: [9, 9] });
  });

  test("of 3 and 5 tokens are right here, packed and padded", async () => {
    const problem: EncoderProblem = { op: "encoder", text: "", lengths: [3, 5] };
    const truth = truthOf(problem);
    const { expected } = truth;
    const [first, second] = [expected.subarray(0, 384), expected.subarray(384, 768)];
    expect(first.reduce((sum, value) => sum + value * value, 0)).toBeCloseTo(1, 12);
    expect(first.reduce((sum, value, i) => sum + value * (second[i] ?? 0), 0)).toBeLessThan(0.99);
    const variants: string[] = [];
    for (const way of vectors(problem)) {
      const prepared = await way();
      variants.push(prepared.variant);
      for (let i = 0; i < 2; i++) await prepared.run();
      const judgement = judge(await prepared.read(), truth);
      await prepared.dispose();
      expect(judgement, prepared.variant).toMatchObject({ verdict: "pass", reason: null });
      expect(judgement.errorRatio, prepared.variant).toBeLessThan(4);
    }
    expect(variants).toEqual(["embed, packed", "padded"]);
  });
});
