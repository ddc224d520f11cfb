import { rm } from "node:fs/promises";
import { afterAll, describe, expect, test } from "vitest";
import { gpt2Shapes } from "../../bench/models/weight-shapes.ts";
import { assertClose, nmseCaps } from "../../src/check/compare.ts";
import { randomSource } from "../../src/check/random.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { inspect } from "../../src/generate/look/inspection.ts";
import { parseRopeScaling } from "../../src/kernels/rope/scaling.ts";
import { ropeTable } from "../../src/kernels/rope/table.ts";
import { type Dense, dense } from "../../src/reference/dense.ts";
import { gpt1, gpt2 } from "../../src/reference/models/gpt.ts";
import { llama } from "../../src/reference/models/transformer.ts";
import type { PlainType } from "../../src/tensor/dtype.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { firstIf, firstOfEach } from "../support/first-tier.ts";
import { familyShapes } from "../support/models/family-shapes.ts";
import { type RandomModel, writeRandomModel } from "../support/models/random-model.ts";

const gpu = await quickGpu();

const base = {
  vocab_size: 2048,
  hidden_size: 64,
  intermediate_size: 96,
  num_hidden_layers: 2,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 32,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
  rope_theta: 10000,
  hidden_act: "silu",
  tie_word_embeddings: false,
};
const llama3 = {
  rope_type: "llama3",
  factor: 8,
  low_freq_factor: 1,
  high_freq_factor: 4,
  original_max_position_embeddings: 64,
};
const yarn = { rope_type: "yarn", factor: 4, original_max_position_embeddings: 64 };
const gpt = {
  model_type: "gpt2",
  layer_norm_epsilon: 1e-5,

  architectures: ["GPT2LMHeadModel"],
  vocab_size: 2048,
  n_embd: 96,
  n_head: 3,
  n_layer: 2,
  n_positions: 128,
};
const { n_embd, n_head, n_layer, n_positions, vocab_size, layer_norm_epsilon } = gpt;
const first = {
  n_embd,
  n_head,
  n_layer,
  n_positions,
  vocab_size,
  layer_norm_epsilon,
  model_type: "openai-gpt",
  architectures: ["OpenAIGPTLMHeadModel"],
  afn: "gelu",
};

const members: [string, Record<string, unknown>, PlainType, number][] = [
  [
    "Llama 2, tied, f16",
    { ...base, model_type: "llama", architectures: ["LlamaForCausalLM"], tie_word_embeddings: true },
    "f16",
    1,
  ],
  [
    "Llama 3.1, bf16, two shards",
    { ...base, model_type: "llama", architectures: ["LlamaForCausalLM"], rope_scaling: llama3 },
    "bf16",
    2,
  ],
  [
    "Mistral with a window of 10",
    { ...base, model_type: "mistral", architectures: ["MistralForCausalLM"], sliding_window: 10 },
    "f32",
    1,
  ],
  [
    "Qwen2 with biases and yarn",
    { ...base, model_type: "qwen2", architectures: ["Qwen2ForCausalLM"], rope_scaling: yarn },
    "bf16",
    1,
  ],
  [
    "Qwen3 with head norms",
    { ...base, model_type: "qwen3", architectures: ["Qwen3ForCausalLM"], head_dim: 80 },
    "f32",
    1,
  ],
  [
    "SmolLM3 with a layer without rotation",
    { ...base, model_type: "smollm3", architectures: ["SmolLM3ForCausalLM"], no_rope_layers: [1, 0] },
    "f32",
    1,
  ],
  [
    "Phi-3 with fused matrices, a window, and half of each head rotated",
    {
      ...base,
      model_type: "phi3",
      architectures: ["Phi3ForCausalLM"],
      sliding_window: 10,
      partial_rotary_factor: 0.5,
    },
    "bf16",
    1,
  ],
  [
    "OLMo 2 with norms of what layers add",
    { ...base, model_type: "olmo2", architectures: ["Olmo2ForCausalLM"] },
    "f32",
    1,
  ],
  [
    "OLMo 3 with a window in three of four layers, and scaled positions in the fourth",
    {
      ...base,
      model_type: "olmo3",
      architectures: ["Olmo3ForCausalLM"],
      num_hidden_layers: 4,
      sliding_window: 10,
      rope_scaling: yarn,
    },
    "f32",
    1,
  ],
  ["GPT-2", gpt, "f32", 1],
  ["GPT-1", first, "f32", 1],
  ["GPT-1 with a swish", { ...first, afn: "swish" }, "f32", 1],
];

/** The weights, with fused matrices as those that they are made of. */
function apart(weights: Readonly<Record<string, Dense>>, config: Readonly<Record<string, unknown>>) {
  const [q = 0, kv = 0] = ["num_attention_heads", "num_key_value_heads"].map((name) => {
    return Number(config[name]) * Number(config["head_dim"]);
  });
  const f = Number(config["intermediate_size"]);
  const parts: Readonly<Record<string, Readonly<Record<string, number>>>> = {
    qkv_proj: { q_proj: q, k_proj: kv, v_proj: kv },
    gate_up_proj: { gate_proj: f, up_proj: f },
  };
  const all: Record<string, Dense> = { ...weights };
  for (const [name, { shape, values }] of Object.entries(weights)) {
    const fused = Object.keys(parts).find((part) => name.includes(`.${part}.`));
    let begin = 0;
    for (const [part, rows] of Object.entries(fused ? (parts[fused] ?? {}) : {})) {
      const columns = shape[1] ?? 0;
      all[name.replace(fused ?? "", part)] = dense([rows, columns], values.subarray(begin, begin + rows * columns));
      begin += rows * columns;
    }
  }
  return all;
}

const source = randomSource(3);
const ids = Array.from({ length: 29 }, () => source.integer(2048));

const isFirst = firstOfEach(members, ([, { model_type }]) => model_type);

for (const member of members) {
  const [name, config, dtype, shards] = member;
  describe(name, async () => {
    const isGpt = "n_embd" in config;
    const isGpt1 = "afn" in config;
    const made: RandomModel = await writeRandomModel(
      config,
      isGpt && !isGpt1 ? gpt2Shapes(config) : familyShapes(config),
      dtype,
      shards,
    );
    const reference = (tokens: readonly number[]) => {
      const given = { ids: dense([tokens.length], tokens), weights: apart(made.weights, config) };
      if (isGpt1) return gpt1(given, config as never).logits.values;
      if (isGpt) return gpt2(given, config as never).logits.values;
      const width = Number(config["head_dim"]) * Number(config["partial_rotary_factor"] ?? 1);
      const angles = { theta: 10000, width, scaling: parseRopeScaling(config), positions: 256 };
      return llama({ ...given, table: dense([256, width / 2, 2], ropeTable(angles)) }, config as never).logits.values;
    };
    const expected = reference(ids);
    const v = 2048;
    const model = await loadModel(gpu, made.folder);
    afterAll(() => rm(made.folder, { recursive: true }));

    test("logits of every position agree with float64", firstIf(isFirst(member)), async () => {
      using session = model.session();
      const { logits } = await inspect(session.state, ids, "all");
      const flat = Float64Array.from(logits.flatMap((row) => [...row]));
      assertClose(flat, expected, nmseCaps.logits, name);
    });

    test("decoding takes the likeliest token that float64 finds", async () => {
      const last = expected.subarray((ids.length - 1) * v);
      const likeliest = last.indexOf(Math.max(...last));
      const { rows } = await model.generate(ids, { temperature: 0, maxTokens: 3 }).result;
      expect(rows[0]?.tokens[0]).toBe(likeliest);
      const longer = [...ids, ...(rows[0]?.tokens.slice(0, 2) ?? [])];
      const end = reference(longer).subarray((longer.length - 1) * v);
      expect(rows[0]?.tokens[2]).toBe(end.indexOf(Math.max(...end)));
    });
  });
}
