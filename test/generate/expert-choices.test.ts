// The experts of each token: against an independent forward pass, the reference's router, and the command line.
import { afterAll, expect, test } from "vitest";
import { isMixture } from "../../src/blocks/mixture.ts";
import { useOf } from "../../src/cli/experts.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { inspect } from "../../src/generate/look/inspection.ts";
import { dense } from "../../src/reference/dense.ts";
import { matmul } from "../../src/reference/matmul.ts";
import { route } from "../../src/reference/mixture/routing.ts";
import { rmsNorm } from "../../src/reference/norm.ts";
import { bundledMixture, bundledModel, mixturePrompts } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const model = await loadModel(gpu, bundledMixture);
afterAll(() => model.dispose());
const { width, mixture } = model.decoder.config;

test.each(mixturePrompts)("$prompt: experts are those of the golden data", async ({ promptTokens, experts }) => {
  const { count, k, layers } = await model.expertChoices(promptTokens);
  expect([count, k]).toEqual([mixture?.experts, mixture?.rule.k]);
  expect(layers.map(({ experts: chosen }) => [...chosen])).toEqual(experts.map((layer) => layer.flat()));
});

test("weights are the reference's router's", async () => {
  const [{ promptTokens = [] } = {}] = mixturePrompts;
  using session = model.session();
  const { taps } = await inspect(session.state, promptTokens, "last", { taps: (name) => name.endsWith(".residual") });
  const { layers } = await model.expertChoices(promptTokens);
  for (const { layer, experts, weights } of layers) {
    const block = model.decoder.weights.blocks[layer];
    if (!block?.feedForwardNorm || !mixture || !isMixture(block.feedForward))
      throw new Error(`layer ${layer} has no experts`);
    const { weight, eps } = block.feedForwardNorm;
    const residual = dense([promptTokens.length, width], taps.get(`layer.${layer}.residual`)?.[0]?.values ?? []);
    const x = rmsNorm({ x: residual, weight: dense([width], await weight.read()) }, { eps }).y;
    const router = dense([mixture.experts, width], await block.feedForward.router.weight.read());
    const expected = route({ logits: matmul({ x, weight: router }).y }, mixture.rule);
    expect([...experts]).toEqual([...expected.experts.values]);
    for (const [i, one] of weights.entries()) expect(one).toBeCloseTo(expected.weights.values[i] ?? 0, 4);
  }
});

test("counts are those of the command line, and of the choices", async () => {
  const text = mixturePrompts
    .map(({ prompt }) => prompt)
    .join(" ")
    .repeat(4);
  const { tokens, layers } = await useOf(model, "all", text);
  const own = await model.expertChoices(text);
  expect(tokens.length).toBeGreaterThan(128); // several chunks
  for (const [i, { experts, counts, weights, rows }] of own.layers.entries()) {
    expect([...experts]).toEqual(layers[i]?.experts.flat());
    expect([...counts]).toEqual(layers[i]?.counts);
    const counted = Array.from({ length: own.count }, (_, e) => experts.filter((expert) => expert === e).length);
    expect([...counts]).toEqual(counted);
    expect(weights).toHaveLength(tokens.length * own.k);
    expect(rows).toBeGreaterThanOrEqual(tokens.length * own.k);
  }
});

test("a dense model has none", async () => {
  using plain = await loadModel(gpu, bundledModel);
  await expect(plain.expertChoices([1, 2])).rejects.toThrow(/has no experts/);
});
