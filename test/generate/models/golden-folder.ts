import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { afterAll, expect, test } from "vitest";
import { difference, nmseCaps } from "../../../src/check/compare.ts";
import type { LanguageModel } from "../../../src/generate/language-model.ts";
import { loadModel, type ModelOptions } from "../../../src/generate/load/load-model.ts";
import { inspect } from "../../../src/generate/look/inspection.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { first } from "../../support/first-tier.ts";

/** Where the scripts of golden data write their folders. */
export const goldenFolders = fileURLToPath(new URL("../../golden", import.meta.url));

/** What a script found in float64 for the model of its folder. */
interface Golden {
  readonly prompt: readonly number[];
  /** Logits after the prompt. */
  readonly logits: readonly number[];
  /** The likeliest tokens that follow it. */
  readonly greedy: readonly number[];
}

/**
 * Tests that the model of a folder is the one that its `golden.json` is of, in prefills and in decode steps. Models
 * that share a device share its pipelines.
 */
export async function goldenTests(gpu: Gpu, folder: string, options: ModelOptions = {}): Promise<void> {
  const { prompt, logits, greedy } = JSON.parse(readFileSync(`${folder}/golden.json`, "utf8")) as Golden;
  const model: LanguageModel = await loadModel(gpu, folder, options);
  afterAll(() => model.dispose());
  const check = (values: ArrayLike<number>) => {
    const { nmse, misplaced } = difference(values, logits);
    expect(misplaced).toBe(-1);
    expect(nmse).toBeLessThan(nmseCaps.logits);
  };

  test("logits after the prompt, computed in one piece", first, async () => {
    using session = model.session();
    const { logits: rows } = await inspect(session.state, prompt, "last");
    check(rows[0] ?? []);
  });

  test("logits after the prompt, computed in pieces", async () => {
    using session = model.session();
    const pieces = [0, 10, 19, prompt.length]; // the last has as few rows as a batch
    for (const [i, begin] of pieces.slice(0, -1).entries()) {
      await session.state.prefill(0, prompt.slice(begin, pieces[i + 1]), begin);
    }
    check(await session.state.logits.read());
  });

  test("greedy tokens, alone and in a batch", async () => {
    const likeliest = { temperature: 0, maxTokens: greedy.length };
    const { rows } = await model.generate(prompt, likeliest).result;
    expect(rows[0]?.promptTokens).toEqual(prompt);
    expect(rows[0]?.tokens).toEqual(greedy);
    const texts = [prompt.slice(0, 9), prompt].map((ids) => model.tokenizer.decode(ids));
    const both = await model.generate(texts, likeliest).result;
    expect(both.rows[1]?.promptTokens).toEqual(prompt);
    expect(both.rows[1]?.tokens).toEqual(greedy);
  });

  test("log-probabilities of what follows the prompt", async () => {
    const scored = await model.score([...prompt, ...greedy]);
    const most = Math.max(...logits);
    const sum = logits.reduce((total, logit) => total + Math.exp(logit - most), 0);
    const first = (logits[greedy[0] ?? 0] ?? 0) - most - Math.log(sum);
    expect(scored[prompt.length - 1]).toBeCloseTo(first, 4);
    // The likeliest of 96 tokens has at least its share.
    expect(Math.min(...scored.subarray(prompt.length - 1))).toBeGreaterThan(-Math.log(96));
  });
}
