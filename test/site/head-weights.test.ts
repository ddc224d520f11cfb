// The weights of a choice of heads on the page, from those of all heads, against the engine's own for that choice.
import { afterAll, expect, test } from "vitest";
import { fitAtOnce, strongest, weightIn, weightsOf } from "../../site/generate/strips/head-weights.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { openGpu } from "../../src/gpu/device/open.ts";
import { bundledModel } from "../support/bundled.ts";

const gpu = await openGpu();
afterAll(() => gpu.close());

test("the weights of a head, of a layer, of a head in all layers and of all are the engine's", async () => {
  const model = await loadModel(gpu, bundledModel, { context: 64 });
  const tokens = model.tokenizer.encode("<|whale|>The captain stood upon the deck");
  const all = await model.attentionWeights(tokens, { perHead: true });
  for (const choice of [
    { layer: 2, head: 3 },
    { layer: 4, head: undefined },
    { layer: undefined, head: 7 },
    { layer: undefined, head: undefined },
  ]) {
    const { weights } = await model.attentionWeights(tokens, choice);
    const found = weightsOf(all, choice);
    expect(found).toHaveLength(tokens.length);
    for (const [i, weight] of weights.entries()) expect(found[i]).toBeCloseTo(weight, 6);
  }
  const { weights } = await model.attentionWeights(tokens, { layer: 5, head: 1 });
  expect(weightIn(all, 5, 1, 3)).toBe(weights[3]);
  const alone = await model.attentionWeights(tokens, { layer: 5, head: 1 });
  expect(weightsOf(alone, { layer: 5, head: 1 })).toEqual(weights); // what was asked for without the others
});

test("the strongest position is the first of the largest, from a position on", () => {
  expect(strongest([0.5, 0.2, 0.3, 0.3])).toBe(0);
  expect(strongest([0.5, 0.2, 0.3, 0.3], 1)).toBe(2);
  expect(strongest([1], 1)).toBe(0);
});

test("all heads are asked for at once as long as they take 8 MiB", () => {
  expect(fitAtOnce(16, 32, 4096)).toBe(true);
  expect(fitAtOnce(16, 32, 4097)).toBe(false);
});
