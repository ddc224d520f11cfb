// Vectors for texts, against the logits that an independent forward pass in float64 has for the same states.
import { afterAll, expect, test } from "vitest";
import { difference, nmseCaps } from "../../src/check/compare.ts";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { inspect } from "../../src/generate/look/inspection.ts";
import { OptionError } from "../../src/options/errors.ts";
import { TextError } from "../../src/text/text-error.ts";
import { bundledModel, bundledNano, goldenPrompts } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const bundled = await loadModel(gpu, bundledModel, { context: 64 });
const model = await loadModel(gpu, bundledNano, { context: 250 });
afterAll(() => {
  bundled.dispose();
  model.dispose();
});
const { width, vocabulary } = model.decoder.config;

/** The logits of a state. */
async function logitsOf({ decoder }: LanguageModel, state: ArrayLike<number>): Promise<Float64Array> {
  const { width } = decoder.config;
  const head = await decoder.weights.head.weight.read();
  return Float64Array.from({ length: decoder.config.vocabulary }, (_, token) => {
    let sum = 0;
    for (let i = 0; i < width; i++) sum += (head[token * width + i] ?? 0) * (state[i] ?? 0);
    return sum;
  });
}
const raw = { normalize: false } as const;
const lengthOf = (vector: Float32Array) => Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));

test.each(goldenPrompts.slice(0, 2))(
  "$prompt: the state of the last token has the logits of the golden data",
  async (golden) => {
    const state = await bundled.embed(golden.promptTokens, raw);
    expect(state).toHaveLength(bundled.decoder.config.width);
    const { nmse, misplaced } = difference(await logitsOf(bundled, state), golden.lastLogits);
    expect(misplaced).toBe(-1);
    expect(nmse).toBeLessThan(nmseCaps.logits);
  },
);

test("texts of unequal lengths, of one chunk and of several, are each as they are alone", async () => {
  const long = Array.from({ length: 140 }, (_, i) => (7 * i) % vocabulary);
  const texts = ["<|whale|>The captain", long, [5]];
  const vectors = await model.embed(texts, raw);
  expect(vectors).toHaveLength(3);
  for (const [i, text] of texts.entries()) expect(await model.embed(text, raw)).toEqual(vectors[i]);
  using session = model.session();
  const { logits } = await inspect(session.state, long, "last");
  expect(difference(await logitsOf(model, vectors[1] ?? []), logits[0] ?? []).nmse).toBeLessThan(nmseCaps.logits);
});

test.each([1, 5, 131])("the mean over %i tokens is that of the states of all beginnings", async (length) => {
  const ids = Array.from({ length }, (_, i) => (11 * i) % vocabulary);
  const mean = await model.embed(ids, { ...raw, pooling: "mean" });
  const last = await model.embed(ids, raw);
  const before =
    length > 1 ? await model.embed(ids.slice(0, -1), { ...raw, pooling: "mean" }) : new Float32Array(width);
  const expected = last.map((value, i) => (value + (length - 1) * (before[i] ?? 0)) / length);
  expect(difference([...mean], [...expected]).nmse).toBeLessThan(1e-10);
});

test("vectors have length 1, and keep their first elements", async () => {
  const whole = await model.embed("<|whale|>The sea", raw);
  const unit = await model.embed("<|whale|>The sea");
  expect(lengthOf(unit)).toBeCloseTo(1, 5);
  expect(difference([...unit], [...whole.map((value) => value / lengthOf(whole))]).nmse).toBeLessThan(1e-12);
  const short = await model.embed("<|whale|>The sea", { dimensions: 8 });
  const first = whole.subarray(0, 8);
  expect(lengthOf(short)).toBeCloseTo(1, 5);
  expect(difference([...short], [...first.map((value) => value / lengthOf(first))]).nmse).toBeLessThan(1e-12);
});

test("what cannot be is refused by name", async () => {
  await expect(model.embed("a", { dimensions: width + 1 })).rejects.toThrow(`dimensions is ${width + 1}, expected`);
  await expect(model.embed("a", { pooling: "first" as never })).rejects.toThrow(OptionError);
  await expect(model.embed(["a", []] as never)).rejects.toThrow(TextError);
  await expect(model.embed(new Array(251).fill(1))).rejects.toThrow("251 tokens, more than the context of 250");
  await expect(model.embed([vocabulary])).rejects.toThrow(`outside of the vocabulary of ${vocabulary}`);
  await expect(model.embed("a", { signal: AbortSignal.abort(new RangeError("enough")) })).rejects.toThrow("enough");
});
