// Text that is generated with proposed tokens: it is the text without.

import { afterAll, describe, expect, test } from "vitest";
import { llamaShapes } from "../../../bench/models/weight-shapes.ts";
import type { LanguageModel } from "../../../src/generate/language-model.ts";
import { loadModel, type ModelOptions } from "../../../src/generate/load/load-model.ts";
import { inspect } from "../../../src/generate/look/inspection.ts";
import type { GenerationOptions } from "../../../src/generate/options.ts";
import type { Speculative } from "../../../src/generate/speculative/options.ts";
import { lookUp } from "../../../src/generate/speculative/speculation.ts";
import { dense } from "../../../src/reference/dense.ts";
import { filter } from "../../../src/reference/sampling.ts";
import { bundledNano } from "../../support/bundled.ts";
import { quickGpu } from "../../support/devices/gpu.ts";
import { writeRandomModel } from "../../support/models/random-model.ts";
import { goldenFolders } from "../models/golden-folder.ts";
import { drawn, lookup, otherAngles, penalised, prompt, said } from "./speculative-texts.ts";

const gpu = await quickGpu();
const load = async (folder: string, options: ModelOptions = {}): Promise<LanguageModel> => {
  const model = await loadModel(gpu, folder, options);
  afterAll(() => model.dispose());
  return model;
};
const model = await load(bundledNano);
/** Tokens that repeat, for models of a small vocabulary. */
const ids = Array.from({ length: 24 }, (_, i) => 6 + (i % 8));
/** What came of the proposals, by each of these ways, of a generation whose rows are those without them. */
async function same(
  of: LanguageModel,
  text: string | readonly number[],
  options: GenerationOptions,
  ...ways: Speculative[]
) {
  const plain = await of.generate(text, options).result;
  const all = [];
  for (const speculative of ways) {
    const { rows, speculative: figures } = await of.generate(text, { ...options, speculative }).result;
    expect(rows).toEqual(plain.rows);
    all.push(figures ?? { steps: 0, drafted: 0, accepted: 0 });
  }
  return all;
}

describe("the tokens are those without proposals, bit for bit", () => {
  const kinds: [string, GenerationOptions][] = [
    ["greedy", { temperature: 0 }],
    ["with penalties", penalised],
    ["drawn, with a bias", { ...drawn, logitBias: { 7: 3, 300: -5 } }],
  ];
  test.each(kinds)("%s", async (name, options) => {
    const ways = (name === "greedy" ? [1, 7] : [5]).map((tokens) => ({ ...lookup, tokens }));
    for (const { drafted, accepted, steps } of await same(model, prompt, { ...options, maxTokens: 20 }, ...ways)) {
      expect(drafted).toBeGreaterThan(0);
      expect(accepted).toBeGreaterThan(0);
      expect(steps + accepted).toBe(19); // the first comes with the prefill
    }
  });

  test("with a cache of int8", async () => {
    const quantised = await load(bundledNano, { cache: { dtype: "int8" } });
    const own = { kind: "draft", model: quantised, tokens: 3 } as const;
    const [found, always] = await same(quantised, prompt, { ...drawn, maxTokens: 16 }, lookup, own);
    expect(found?.drafted).toBeGreaterThan(0);
    expect(always?.drafted).toBeGreaterThan(0);
    expect(always?.accepted).toBe(always?.drafted);
  });

  test.each(["contiguous", "paged"] as const)("with windows that have gone round: %s", async (layout) => {
    const { folder } = await writeRandomModel(sliding, llamaShapes(sliding), "f32");
    const windowed = await load(folder, { cache: { layout } });
    const ids = Array.from({ length: 590 }, (_, i) => 6 + ((i * i) % 1999));
    const again = [...ids, ...ids.slice(-5)]; // so that there is something to propose
    const own = { kind: "draft", model: windowed, tokens: 5 } as const;
    const [found, always] = await same(windowed, again, { temperature: 0, maxTokens: 12 }, lookup, own);
    expect(found?.drafted).toBeGreaterThan(0);
    expect(always?.drafted).toBeGreaterThan(0);
    expect(always?.accepted).toBe(always?.drafted);
  });

  test.each(["gpt-oss", "deepseek-v2-lite"])("%s", async (name) => {
    const other = await load(`${goldenFolders}/${name}`);
    const own = { kind: "draft", model: other, tokens: 3 } as const;
    const [figures] = await same(other, ids, { ...drawn, maxTokens: 16 }, own);
    expect(figures?.accepted).toBe(figures?.drafted);
    await same(other, ids, { temperature: 0, maxTokens: 16 }, lookup);
  });

  test("of a mixture with a paged f16 cache, proposed by another model", async () => {
    const folder = `${goldenFolders}/qwen3-moe`;
    const mixture = await load(folder, { cache: { dtype: "f16", layout: "paged" } });
    const draft = { kind: "draft", model: await load(await otherAngles(folder)), tokens: 3 } as const;
    const [figures] = await same(mixture, ids, { ...penalised, temperature: 0, maxTokens: 30 }, draft, lookup);
    expect(figures?.accepted).toBeGreaterThan(5);
  });
});

test("of many seeds, texts and accepted tokens are as frequent as float64 says", async () => {
  const base = model.tokenizer.encode(`<|whale|>${said}`);
  const { tokens: follow = [] } = (await model.generate(base, { temperature: 0, maxTokens: 2 }).result).rows[0] ?? {};
  const ids = [...base, ...follow, ...base.slice(1)]; // so that what is proposed is likely
  const filters = { temperature: 0.9, topK: 2, topP: 0.99 };
  using session = model.session();
  /** The tokens that may come after these, with their probabilities. */
  const next = async (tokens: readonly number[]) => {
    const [logits = new Float64Array()] = (await inspect(session.state, tokens, "last")).logits;
    const { kept } = filter({ logits: dense([1, logits.length], logits) }, filters);
    const weights = logits.map((logit, id) => (kept.values[id] ? Math.exp((logit - Math.max(...logits)) / 0.9) : 0));
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return Array.from(weights, (weight, id) => ({ id, p: weight / total })).filter(({ p }) => p > 0);
  };
  const expected = new Map<string, number>();
  let acceptance = 0;
  for (const first of await next(ids)) {
    const [proposed] = lookUp([...ids, first.id], 1, 3);
    for (const second of await next([...ids, first.id])) {
      expected.set(`${first.id} ${second.id}`, first.p * second.p);
      if (second.id === proposed) acceptance += first.p * second.p; // the proposal is certain: min(1, p / q) is p
    }
  }
  const seeds = 100;
  const seen = new Map<string, number>();
  let accepted = 0;
  for (let seed = 0; seed < seeds; seed++) {
    const options = { ...filters, seed, maxTokens: 3, speculative: { ...lookup, tokens: 1 } };
    const { rows, speculative } = await session.continueFrom(ids, options).result;
    const text = rows[0]?.tokens.slice(0, 2).join(" ") ?? "";
    seen.set(text, (seen.get(text) ?? 0) + 1);
    accepted += speculative?.accepted ?? 0;
  }
  expect([...seen.keys()].filter((text) => !expected.has(text))).toEqual([]);
  const terms = [...expected].map(([text, p]) => ((seen.get(text) ?? 0) - seeds * p) ** 2 / (seeds * p));
  expect(expected.size).toBeGreaterThanOrEqual(3);
  expect(Math.min(...expected.values()) * seeds).toBeGreaterThan(3); // so that χ² is near enough
  expect(terms.reduce((sum, term) => sum + term, 0)).toBeLessThan(16.27); // χ² of at most three degrees of freedom: one in a thousand
  expect(acceptance).toBeGreaterThan(0.05);
  expect(Math.abs(accepted / seeds - acceptance)).toBeLessThan(
    3.3 * Math.sqrt((acceptance * (1 - acceptance)) / seeds),
  );
});

test("prompt lookup proposes what followed the longest match, of several the latest", () => {
  expect(lookUp([], 3, 3)).toEqual([]);
  expect(lookUp([1], 3, 3)).toEqual([]);
  expect(lookUp([1, 2, 3], 3, 3)).toEqual([]);
  expect(lookUp([1, 2, 3, 4, 9, 1, 2], 3, 3)).toEqual([3, 4, 9]);
  expect(lookUp([1, 2, 5, 1, 2, 6, 7, 1, 2], 2, 3)).toEqual([6, 7]);
  expect(lookUp([1, 2, 5, 9, 2, 6, 7, 1, 2], 2, 3)).toEqual([5, 9]); // two tokens match before one
  expect(lookUp([1, 2, 5, 9, 2, 6, 7, 1, 2], 2, 1)).toEqual([6, 7]);
  expect(lookUp([7, 7], 4, 3)).toEqual([7, 7, 7, 7]); // a continuation that reaches the end goes on with itself
  expect(lookUp([1, 2, 1, 2], 5, 3)).toEqual([1, 2, 1, 2, 1]);
  expect(lookUp([1, 2, 3, 1], 0, 3)).toEqual([]);
  expect(lookUp([1, 2, 3, 1], 2, 3, 2)).toEqual([]); // only one token matches
  expect(lookUp([1, 2, 3, 1, 2], 1, 3, 2)).toEqual([3]);
});

/** Layers with a window of 20 around one that sees everything. */
const sliding = {
  architectures: ["MistralForCausalLM"],
  vocab_size: 2048,
  hidden_size: 32,
  intermediate_size: 32,
  num_hidden_layers: 3,
  num_attention_heads: 2,
  num_key_value_heads: 1,
  head_dim: 32,
  hidden_act: "silu",
  max_position_embeddings: 1500,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  tie_word_embeddings: false,
  sliding_window: 20,
  layer_types: ["sliding_attention", "full_attention", "sliding_attention"],
};
