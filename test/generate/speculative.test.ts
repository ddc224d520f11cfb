// Text that is generated with proposed tokens: it is the text without.

import { afterAll, describe, expect, test } from "vitest";
import { llamaShapes } from "../../bench/models/weight-shapes.ts";
import type { LanguageModel } from "../../src/generate/language-model.ts";
import { loadModel, type ModelOptions } from "../../src/generate/load-model.ts";
import type { GenerationOptions } from "../../src/generate/options.ts";
import type { Speculative } from "../../src/generate/speculative/options.ts";
import { bundledMixture, bundledModel } from "../support/bundled.ts";
import { testGpu } from "../support/gpu.ts";
import { writeRandomModel } from "../support/random-model.ts";
import { goldenFolders } from "./golden-folder.ts";

const gpu = await testGpu();
const load = async (folder: string, options: ModelOptions = {}): Promise<LanguageModel> => {
  const model = await loadModel(gpu, folder, options);
  afterAll(() => model.dispose());
  return model;
};
const model = await load(bundledModel);
const mixture = await load(bundledMixture, { cache: { dtype: "f16", layout: "paged" } });
const lookup = { kind: "prompt-lookup" } as const;

const said = "The sea was calm, and the captain said to the crew: the whale is there.";
const prompt = `<|whale|>${said} ${said} The sea was calm, and`;
const drawn = { temperature: 0.3, topK: 40, topP: 0.98, minP: 0.01, seed: 3 };
const penalised = { ...drawn, repetitionPenalty: 1.05, frequencyPenalty: 0.2, presencePenalty: 0.1 };

/** The rows of a generation without proposals and with them, and what these came to. */
async function both(of: LanguageModel, text: string | readonly number[], options: GenerationOptions, how: Speculative) {
  const plain = await of.generate(text, options).result;
  const { rows, speculative, ...rest } = await of.generate(text, { ...options, speculative: how }).result;
  return { plain: plain.rows, rows, figures: speculative ?? { steps: 0, drafted: 0, accepted: 0 }, rest };
}

describe("the tokens are those without proposals, bit for bit", () => {
  const kinds: [string, GenerationOptions][] = [
    ["greedy", { temperature: 0 }],
    ["drawn", drawn],
    ["with penalties", penalised],
    ["with a bias", { ...drawn, logitBias: { 7: 3, 300: -5 } }],
  ];
  test.each(kinds)("%s", async (_, options) => {
    for (const tokens of [1, 3, 7]) {
      const given = { ...options, maxTokens: 40 };
      const { plain, rows, figures } = await both(model, prompt, given, { ...lookup, tokens });
      expect(rows).toEqual(plain);
      const made = rows[0]?.tokens.length ?? 0;
      expect(figures.drafted).toBeGreaterThan(0);
      expect(figures.accepted).toBeGreaterThan(0);
      expect(figures.steps + figures.accepted).toBe(made - 1); // the first comes with the prefill
    }
  });

  test("of a mixture with a paged f16 cache, proposed by another model", async () => {
    const draft = { kind: "draft", model, tokens: 3 } as const;
    for (const options of [{ temperature: 0 }, penalised]) {
      const { plain, rows, figures } = await both(mixture, prompt, { ...options, maxTokens: 40 }, draft);
      expect(rows).toEqual(plain);
      expect(figures.accepted).toBeGreaterThan(10);
    }
  });

  test.each(["int8", "int4"] as const)("with a cache of %s", async (dtype) => {
    const quantised = await load(bundledModel, { cache: { dtype } });
    const { plain, rows, figures } = await both(quantised, prompt, { ...drawn, maxTokens: 30 }, lookup);
    expect(rows).toEqual(plain);
    expect(figures.accepted).toBeGreaterThan(0);
  });

  test.each(["contiguous", "paged"] as const)("with windows that have gone round: %s", async (layout) => {
    const { folder } = await writeRandomModel(sliding, llamaShapes(sliding), "f32");
    const windowed = await load(folder, { cache: { layout } });
    const ids = Array.from({ length: 590 }, (_, i) => 6 + ((i * i) % 1999));
    const { tokens = [] } = (await windowed.generate(ids, { temperature: 0, maxTokens: 30 }).result).rows[0] ?? {};
    const again = [...ids, ...tokens, ...ids.slice(-5)]; // so that there is something to propose
    const own = { kind: "draft", model: windowed, tokens: 5 } as const;
    for (const how of [lookup, own]) {
      const { plain, rows, figures } = await both(windowed, again, { temperature: 0, maxTokens: 30 }, how);
      expect(rows).toEqual(plain);
      expect(figures.drafted).toBeGreaterThan(0);
      if (how === own) expect(figures.accepted).toBe(figures.drafted);
    }
  });

  test.each(["gpt-oss", "deepseek-v2-lite", "qwen3-moe"])("%s", async (name) => {
    const other = await load(`${goldenFolders}/${name}`);
    const ids = Array.from({ length: 24 }, (_, i) => 6 + (i % 8));
    const own = { kind: "draft", model: other, tokens: 3 } as const;
    const { plain, rows, figures } = await both(other, ids, { ...drawn, maxTokens: 16 }, own);
    expect(rows).toEqual(plain);
    expect(figures.accepted).toBe(figures.drafted);
    const found = await both(other, ids, { temperature: 0, maxTokens: 16 }, lookup);
    expect(found.rows).toEqual(found.plain);
  });
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
