import { rm } from "node:fs/promises";
import { afterAll, describe, expect, test } from "vitest";
import { assertClose, nmseCaps } from "../../src/check/compare.ts";
import { randomSource } from "../../src/check/random.ts";
import { loadModel } from "../../src/generate/load/load-model.ts";
import { inspect } from "../../src/generate/look/inspection.ts";
import type { RopeScaling } from "../../src/kernels/rope/scaling.ts";
import { ropeTable } from "../../src/kernels/rope/table.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import { dense } from "../../src/reference/dense.ts";
import { gemma } from "../../src/reference/models/gemma.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { familyShapes } from "../support/models/family-shapes.ts";
import { writeRandomModel } from "../support/models/random-model.ts";

const gpu = await quickGpu();
const folders: string[] = [];
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))));

const common = {
  vocab_size: 2048,
  hidden_size: 64,
  intermediate_size: 96,
  num_attention_heads: 6,
  num_key_value_heads: 2,
  head_dim: 32,
  max_position_embeddings: 256,
  rms_norm_eps: 1e-5,
  sliding_window: 7,
  // Other than the width of a head, as in the largest models.
  query_pre_attn_scalar: 24,
};
const gemma2 = { ...common, architectures: ["Gemma2ForCausalLM"], model_type: "gemma2", num_hidden_layers: 3 };
const gemma3 = { ...common, architectures: ["Gemma3ForCausalLM"], num_hidden_layers: 4 };
const linear = { rope_type: "linear", factor: 8 } as const;
const [sliding, full] = ["sliding_attention", "full_attention"];

interface Rotation {
  readonly theta: number;
  readonly scaling: RopeScaling;
}

const unscaled = (theta: number): Rotation => ({ theta, scaling: { kind: "none" } });

/** The config, what is left to its defaults, and the rotation of layers that see all tokens and of the others. */
const models: readonly [string, Record<string, unknown>, Record<string, unknown>, Rotation, Rotation][] = [
  [
    "Gemma 2 by its defaults: every second layer sees all tokens, scores and logits are bent",
    gemma2,
    { layer_types: [sliding, full, sliding], attn_logit_softcapping: 50, final_logit_softcapping: 30 },
    unscaled(1e4),
    unscaled(1e4),
  ],
  [
    "Gemma 2 with low caps and a list of layers",
    {
      ...gemma2,
      attn_logit_softcapping: 0.5,
      final_logit_softcapping: 8,
      layer_types: [full, sliding, sliding],
    },
    {},
    unscaled(1e4),
    unscaled(1e4),
  ],
  [
    "Gemma 3 with a pattern, a base of local layers, and scaled positions of the others",
    { ...gemma3, sliding_window_pattern: 3, rope_theta: 1e6, rope_local_base_freq: 5000, rope_scaling: linear },
    { layer_types: [sliding, sliding, full, sliding] },
    { theta: 1e6, scaling: { kind: "linear", factor: 8 } },
    unscaled(5000),
  ],
  [
    "Gemma 3 by its defaults: every sixth layer sees all tokens",
    { ...gemma3, num_hidden_layers: 6 },
    { layer_types: [sliding, sliding, sliding, sliding, sliding, full] },
    unscaled(1e6),
    unscaled(1e4),
  ],
  [
    "Gemma 3 as transformers 5 writes it, with null for a cap",
    {
      ...gemma3,
      layer_types: [sliding, full, sliding, full],
      attn_logit_softcapping: null,
      final_logit_softcapping: null,
      rope_parameters: {
        sliding_attention: { rope_type: "default", rope_theta: 2e4 },
        full_attention: { ...linear, rope_theta: 3e5 },
      },
    },
    {},
    { theta: 3e5, scaling: { kind: "linear", factor: 8 } },
    unscaled(2e4),
  ],
];

const source = randomSource(3);
const ids = Array.from({ length: 29 }, () => source.integer(2048));
const length = 256;

describe.each(models)("%s", async (name, config, defaults, all, local) => {
  const made = await writeRandomModel(config, familyShapes(config), "bf16");
  folders.push(made.folder);
  const table = (rotation: Rotation) =>
    dense([length, 16, 2], ropeTable({ ...rotation, width: 32, positions: length }));
  const reference = (tokens: readonly number[]) =>
    gemma({ ids: dense([tokens.length], tokens), weights: made.weights, table: table(all), local: table(local) }, {
      ...config,
      ...defaults,
    } as never).logits.values;

  test("logits of every position agree with float64, and decoding takes the likeliest token", async () => {
    using model = await loadModel(gpu, made.folder);
    const { rows } = await model.generate(ids, { temperature: 0, maxTokens: 3, ignoreEos: true }).result;
    const tokens = rows[0]?.tokens ?? [];
    const longer = [...ids, ...tokens.slice(0, 2)];
    const expected = reference(longer);
    using session = model.session();
    const { logits } = await inspect(session.state, longer, "all");
    assertClose(Float64Array.from(logits.flatMap((row) => [...row])), expected, nmseCaps.logits, name);
    for (const [i, token] of tokens.entries()) {
      const row = expected.subarray((ids.length - 1 + i) * 2048, (ids.length + i) * 2048);
      expect(token, `token ${i}`).toBe(row.indexOf(Math.max(...row)));
    }
  });
});

describe("a config of Gemma", () => {
  const read = (config: Record<string, unknown>) => readArchitecture(config).config;

  test("has a factor of embeddings rounded to the type that the model was trained with", () => {
    expect(read({ ...gemma2, hidden_size: 3072 }).embeddingScale).toBe(Math.fround(Math.sqrt(3072)));
    expect(read({ ...gemma2, hidden_size: 3072, torch_dtype: "bfloat16" }).embeddingScale).toBe(55.5);
    expect(read({ ...gemma2, hidden_size: 3072, dtype: "float16" }).embeddingScale).toBe(55.4375);
  });

  test.each([
    [{ use_bidirectional_attention: true }, /use_bidirectional_attention is true; tokens see only those before them/],
    [{ layer_types: ["sliding_attention"] }, /layer_types has 1 entries for 3 layers/],
    [{ final_logit_softcapping: -1 }, /final_logit_softcapping is -1, expected/],
    [{ query_pre_attn_scalar: 0 }, /query_pre_attn_scalar is 0, expected/],
    [{ hidden_activation: "gelu" }, /hidden_activation is gelu, known are/],
    [{ torch_dtype: "float8" }, /torch_dtype is float8, known are/],
    [{ num_key_value_heads: 4 }, /num_key_value_heads is 4, which does not divide 6 query heads/],
    [{ rope_local_base_freq: "x" }, /rope_local_base_freq is "x", expected/],
  ])("is refused where it contradicts itself: %j", (wrong, message) => {
    expect(() => read({ ...gemma2, ...wrong })).toThrow(message);
  });
});
