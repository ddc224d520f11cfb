// How likely tokens come next: against the definitions in float64, and against what the GPU draws.
import { expect, test } from "vitest";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { drawnProbabilities } from "../../src/generate/look/next-token.ts";
import { resolveOptions } from "../../src/generate/options.ts";
import { dense } from "../../src/reference/dense.ts";
import { filter, penalise } from "../../src/reference/sampling.ts";
import { bundledModel, bundledNano, goldenPrompts } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const model = await loadModel(gpu, bundledNano);
const whale = "<|whale|>The captain stood upon the deck";

/** By the definitions: penalties, then what the filters keep, in proportion. */
function byDefinition(logits: Float64Array, tokens: readonly number[], generated: number, options: object): number[] {
  const settings = resolveOptions(options, {}, 1);
  const counts = dense([1, logits.length]);
  for (const token of tokens.slice(0, tokens.length - generated)) counts.values[token] = 2 ** 31;
  for (const token of tokens.slice(tokens.length - generated)) counts.values[token] = (counts.values[token] ?? 0) + 1;
  const { y } = penalise(
    { logits: dense([1, logits.length], logits), counts },
    {
      repetition: settings.repetitionPenalty,
      presence: settings.presencePenalty,
      frequency: settings.frequencyPenalty,
    },
  );
  const { temperature, topK, topP, minP } = settings;
  const { kept } = filter({ logits: y }, { temperature, topK, topP, minP });
  const relative = [...y.values].map((logit, id) => (kept.values[id] ? Math.exp(logit / temperature) : 0));
  const sum = relative.reduce((a, b) => a + b, 0);
  return relative.map((value) => value / sum);
}

const logits = Float64Array.from({ length: 300 }, (_, i) => 5 * Math.sin(7 * i * i) + (i % 5)); // with ties
const tokens = [3, 3, 9, 12, 40, 40, 41];

test.each([
  { temperature: 1 },
  { temperature: 0.6, topK: 12 },
  { temperature: 1.4, topP: 0.7 },
  { temperature: 0.9, topK: 40, topP: 0.8, minP: 0.05 },
  { temperature: 1, minP: 0.3 },
  { temperature: 1, topP: 0 },
  { temperature: 0.8, repetitionPenalty: 1.3, presencePenalty: 0.5, frequencyPenalty: -0.7, topK: 20 },
])("drawn with $temperature $topK $topP $minP is what the definitions give", (options) => {
  for (const generated of [0, 3, tokens.length]) {
    const found = drawnProbabilities(logits, { tokens, generated }, resolveOptions(options, {}, 1));
    const expected = byDefinition(logits, tokens, generated, options);
    expect(found.reduce((a, b) => a + b)).toBeCloseTo(1, 9);
    for (const [id, probability] of found.entries()) expect(probability).toBeCloseTo(expected[id] ?? 0, 9);
  }
});

test("at temperature 0 the likeliest has all of it, the first where several are; a bias counts", () => {
  const of = (bias: Readonly<Record<number, number>>) =>
    drawnProbabilities(
      Float64Array.of(1, 4, 4, 2),
      { tokens: [0], generated: 0 },
      {
        ...resolveOptions({ temperature: 0, logitBias: bias }, {}, 1),
      },
    );
  expect([...of({})]).toEqual([0, 1, 0, 0]);
  expect([...of({ 3: 3 })]).toEqual([0, 0, 0, 1]);
});

const [{ promptTokens = [], lastLogits = [] } = {}] = goldenPrompts;

test("the model's own are the golden logits'", async () => {
  using golden = await loadModel(gpu, bundledModel);
  const { own } = await golden.nextTokenProbabilities(
    promptTokens,
    Array.from(lastLogits, (_, id) => id),
  );
  const largest = Math.max(...lastLogits);
  const sum = lastLogits.reduce((total, logit) => total + Math.exp(logit - largest), 0);
  for (const [id, logit] of lastLogits.entries()) expect(own[id]).toBeCloseTo(Math.exp(logit - largest) / sum, 5);
});

test("what is drawn is drawn as often", async () => {
  const all = Array.from({ length: model.decoder.config.vocabulary }, (_, id) => id);
  const options = { temperature: 1.2, topK: 12, topP: 0.9 };
  const few = promptTokens.slice(0, 2);
  const { drawn, kept } = await model.nextTokenProbabilities(few, all, options);
  expect(kept).toBe(drawn.filter((probability) => probability > 0).length);
  expect(kept).toBeGreaterThan(3);
  expect(kept).toBeLessThanOrEqual(12);

  const rows = 64;
  const times = new Map<number, number>();
  for (let seed = 0; seed < 2 * rows; seed += rows) {
    const seeds = Array.from({ length: rows }, (_, i) => seed + i);
    const prompts = seeds.map(() => few);
    const generation = model.generate(prompts, { ...options, maxTokens: 1, seed: seeds });
    for (const { tokens } of (await generation.result).rows)
      times.set(tokens[0] ?? -1, (times.get(tokens[0] ?? -1) ?? 0) + 1);
  }
  // Pearson's statistic: its mean is kept − 1, its variance twice that.
  let statistic = 0;
  for (const [id, probability] of drawn.entries()) {
    const expected = 2 * rows * probability;
    if (expected === 0) expect(times.get(id)).toBeUndefined();
    else statistic += ((times.get(id) ?? 0) - expected) ** 2 / expected;
  }
  expect(statistic).toBeLessThan(kept - 1 + 4 * Math.sqrt(2 * (kept - 1)));
});

test("ids are given in their order, defaults are the model's, and what there is not is refused by name", async () => {
  const two = await model.nextTokenProbabilities(whale, [7, 5]);
  expect(two.own).toEqual((await model.nextTokenProbabilities(whale, [5, 7])).own.reverse());
  const { temperature = 0 } = model.defaults.options;
  expect(two.drawn).toEqual((await model.nextTokenProbabilities(whale, [7, 5], { temperature })).drawn);
  await expect(model.nextTokenProbabilities(whale, [2048])).rejects.toThrow(
    "of is [2048], expected a list, each an integer from 0 to 2047",
  );
  await expect(model.nextTokenProbabilities(whale, [1], { generated: 99 })).rejects.toThrow(/generated is 99/);
  await expect(model.nextTokenProbabilities(whale, [1], { topP: 2 })).rejects.toThrow(/topP is 2/);
  await expect(model.nextTokenProbabilities(whale, [1], { maxTokens: 2 } as object)).rejects.toThrow(/maxTokens/);
  await expect(model.nextTokenProbabilities([], [1])).rejects.toThrow(/there are no tokens/);
});
