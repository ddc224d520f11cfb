// What is computed alike in Node and in a page, to be compared. Plain values in and out, so that it can cross over.
import { type LanguageModel, uniform } from "../../src/index.ts";

/** The likeliest continuations of prompts, one after the other. */
async function greedy(model: LanguageModel, prompts: readonly string[], maxTokens: number) {
  const rows = [];
  for (const prompt of prompts) rows.push(...(await model.generate(prompt, { temperature: 0, maxTokens }).result).rows);
  return rows;
}

/** The likeliest continuations of prompts, as one batch. */
async function greedyBatch(model: LanguageModel, prompts: readonly string[], maxTokens: number) {
  return (await model.generate(prompts, { temperature: 0, maxTokens }).result).rows;
}

/** Logits of the last position. */
async function lastLogits(model: LanguageModel, tokens: readonly number[]) {
  using session = model.session();
  const { logits } = await session.state.inspect(tokens, "last");
  return [...(logits[0] ?? [])];
}

/** Texts of a prompt by seed, as one batch. */
async function sampled(model: LanguageModel, prompt: string, seeds: readonly number[]) {
  const prompts = seeds.map(() => prompt);
  const options = { temperature: 0.8, topK: 40, maxTokens: 40, seed: seeds };
  return (await model.generate(prompts, options).result).rows.map(({ text, tokens }) => ({ text, tokens }));
}

/** Bits of random numbers. */
async function randomBits({ gpu }: LanguageModel, seed: number, count: number) {
  using numbers = uniform(gpu, [count], { seed });
  return [...new Uint32Array((await numbers.readStored()).buffer)];
}

/** The tasks by name. */
export const tasks = { greedy, greedyBatch, lastLogits, sampled, randomBits };
