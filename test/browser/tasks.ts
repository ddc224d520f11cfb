// What is computed in Node and in a page, to be compared. Plain values in and out, so that it can cross over.
import { type LanguageModel, uniform } from "../../src/index.ts";

/** The likeliest continuations of prompts, `batch` of them at a time. */
async function greedy(model: LanguageModel, prompts: readonly string[], maxTokens: number, batch: number) {
  const rows = [];
  for (let at = 0; at < prompts.length; at += batch) {
    const generation = model.generate(prompts.slice(at, at + batch), { temperature: 0, maxTokens });
    rows.push(...(await generation.result).rows);
  }
  return rows;
}

/** Logits of the last position. */
async function lastLogits(model: LanguageModel, tokens: readonly number[]) {
  using session = model.session();
  const { logits } = await session.state.inspect(tokens, "last");
  return [...(logits[0] ?? [])];
}

/** Texts of a prompt by seed, `batch` of them at a time. */
async function sampled(model: LanguageModel, prompt: string, seeds: readonly number[], batch: number) {
  const rows = [];
  for (let at = 0; at < seeds.length; at += batch) {
    const seed = seeds.slice(at, at + batch);
    const options = { temperature: 0.8, topK: 40, maxTokens: 16, seed };
    const prompts = seed.map(() => prompt);
    rows.push(...(await model.generate(prompts, options).result).rows);
  }
  return rows.map(({ text, tokens }) => ({ text, tokens }));
}

/** Bits of random numbers. */
async function randomBits({ gpu }: LanguageModel, seed: number, count: number) {
  using numbers = uniform(gpu, [count], { seed });
  return [...new Uint32Array((await numbers.readStored()).buffer)];
}

/** The tasks by name. */
export const tasks = { greedy, lastLogits, sampled, randomBits };
