// A generation that goes on with another one's tokens: its text is the rest of what the other would have given.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { GenerationOptions } from "../../src/generate/options.ts";
import { type LanguageModel, loadModel } from "../../src/index.ts";
import { bundledNano } from "../support/bundled.ts";
import { quickGpu } from "../support/devices/gpu.ts";

let model: LanguageModel;
beforeAll(async () => {
  model = await loadModel(await quickGpu(), bundledNano);
});
afterAll(() => model?.dispose());

const prompt = "<|whale|>The sea was";

/** All pieces and the result of going on from `generated`. */
async function goOn(options: GenerationOptions, generated: readonly number[] = []) {
  using session = model.session();
  const generation = session.continueFrom(model.tokenizer.encode(prompt), options, generated);
  const pieces = [];
  for await (const piece of generation) pieces.push(piece);
  return { pieces, result: (await generation.result).rows[0] };
}

const cases: Readonly<Record<string, GenerationOptions>> = {
  greedy: { temperature: 0, maxTokens: 24 },
  sampled: { temperature: 0.9, topP: 0.95, seed: 11, maxTokens: 24 },
  penalised: {
    temperature: 0.8,
    seed: 3,
    repetitionPenalty: 1.2,
    presencePenalty: 0.6,
    frequencyPenalty: 0.4,
    maxTokens: 24,
  },
  "greedy and penalised": { temperature: 0, presencePenalty: 1.5, frequencyPenalty: 1, maxTokens: 24 },
};

test.each(Object.entries(cases))("%s: the rest is the same after any token", async (_, options) => {
  const whole = await goOn(options);
  const tokens = whole.result?.tokens ?? [];
  expect(tokens.length).toBe(24);
  for (const cut of [1, 7, 16, 23, 24]) {
    const { pieces, result } = await goOn(options, tokens.slice(0, cut));
    expect(pieces.map(({ token }) => token)).toEqual(tokens.slice(cut));
    expect(result).toEqual(whole.result);
    const before = whole.pieces.slice(0, cut).map(({ text }) => text);
    const after = pieces.map(({ text }) => text);
    expect([...before, ...after].join("")).toBe(whole.result?.text);
  }
});

test("penalties count what was generated before, not as the prompt", async () => {
  const options = cases["greedy and penalised"] ?? {};
  const tokens = (await goOn(options)).result?.tokens ?? [];
  using session = model.session();
  const asPrompt = session.continueFrom([...model.tokenizer.encode(prompt), ...tokens.slice(0, 12)], {
    ...options,
    maxTokens: 12,
  });
  expect((await asPrompt.result).rows[0]?.tokens).not.toEqual(tokens.slice(12)); // or the cases above could not fail
});

test("a stop text that began before ends it", async () => {
  const text = (await goOn({ temperature: 0, maxTokens: 24 })).result?.text ?? "";
  const stop = text.slice(20, 40);
  const options = { temperature: 0, maxTokens: 24, stop };
  const whole = await goOn(options);
  expect(whole.result?.stopReason).toBe("stop");
  const tokens = whole.result?.tokens ?? [];
  for (let cut = 1; cut < tokens.length; cut++) {
    expect((await goOn(options, tokens.slice(0, cut))).result).toEqual(whole.result);
  }
});

test("one that is aborted before it begins has what there was", async () => {
  const tokens = (await goOn({ temperature: 0, maxTokens: 5 })).result?.tokens ?? [];
  const { pieces, result } = await goOn({ temperature: 0, signal: AbortSignal.abort() }, tokens);
  expect(pieces).toEqual([]);
  expect(result).toMatchObject({ tokens, stopReason: "abort", text: model.tokenizer.decode(tokens) });
});

test("tokens that do not exist, or do not fit, are refused", async () => {
  using session = model.session();
  expect(() => session.continueFrom([1], {}, [9999])).toThrow(/token id 9999 is outside/);
  expect(() => session.continueFrom([1], {}, [-1])).toThrow(/generated is \[-1\]/);
  expect(() => session.continueFrom([1], {}, new Array(256).fill(5))).toThrow(
    /257 tokens, more than the context of 256/,
  );
});
