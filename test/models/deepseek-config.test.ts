import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import { cacheShape } from "../../src/models/decoders/cache.ts";
import { sourcesOf } from "../../src/models/decoders/family.ts";

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (folder: string): Fields =>
  JSON.parse(readFileSync(new URL(`../golden/${folder}/config.json`, import.meta.url), "utf8"));
const [v2, lite, v3] = [fieldsOf("deepseek-v2"), fieldsOf("deepseek-v2-lite"), fieldsOf("deepseek-v3")];
const read = (fields: Fields, changed: Fields = {}) => readArchitecture({ ...fields, ...changed });

describe("the config", () => {
  test("of DeepSeek-V2", () => {
    const { config } = read(v2);
    expect(config).toMatchObject({ heads: 4, headWidth: 24, kvHeads: 1, hidden: 40 });
    expect(config.latent).toEqual({ queryRank: 24, rank: 32, nope: 16, valueWidth: 12, eps: 1e-6 });
    expect(config.positions).toMatchObject({ width: 8, layout: "interleaved" });
    expect(config.mixture).toEqual({
      experts: 8,
      hidden: 12,
      shared: 24,
      dense: [0],
      rule: {
        k: 3,
        scores: "softmax",
        normalise: false,
        scale: 4,
        groups: { count: 4, keep: 2, by: "maximum" },
      },
      activation: "swiglu",
    });
    expect(cacheShape(config, 2, 100)).toEqual({
      layers: 3,
      batch: 2,
      kvHeads: 1,
      capacity: 100,
      headWidth: 40,
      valueWidth: 1,
    });
  });

  test("of DeepSeek-V2-Lite", () => {
    const { config } = read(lite);
    expect(config.latent).not.toHaveProperty("queryRank");
    expect(config.mixture?.rule).toEqual({ k: 2, scores: "softmax", normalise: false, scale: 1 });
  });

  test("of DeepSeek-V3", () => {
    const { config } = read(v3);
    expect(config.mixture).toMatchObject({
      shared: 12,
      rule: {
        k: 3,
        scores: "sigmoid",
        normalise: true,
        scale: 2.5,
        groups: { count: 4, keep: 2, by: "top-two" },
      },
    });
  });

  test("says how scores are scaled: 0.13523 with the released V3's numbers, 192^-½ without mscale_all_dim", () => {
    const widths = { qk_nope_head_dim: 128, qk_rope_head_dim: 64 };
    const yarn = { type: "yarn", factor: 40, original_max_position_embeddings: 4096, mscale: 1, mscale_all_dim: 1 };
    const scaleOf = (scaling: object | null) => read(v3, { ...widths, rope_scaling: scaling }).config.scales?.[2];
    expect(scaleOf(yarn)).toBeCloseTo(0.13523, 5);
    expect(scaleOf({ ...yarn, mscale_all_dim: null })).toBe(1 / Math.sqrt(192));
    expect(scaleOf(null)).toBe(1 / Math.sqrt(192));
  });

  test("says which layers are dense", () => {
    const denseOf = (changed: Fields) => read(v3, { num_hidden_layers: 6, ...changed }).config.mixture?.dense;
    expect(denseOf({ first_k_dense_replace: 3 })).toEqual([0, 1, 2]);
    expect(denseOf({ first_k_dense_replace: 0 })).toEqual([]);
    expect(denseOf({ first_k_dense_replace: 2, moe_layer_freq: 2 })).toEqual([0, 1, 3, 5]);
  });

  test("that leaves out defaults, or does not limit the choice", () => {
    const absent = { scoring_func: undefined, topk_method: undefined, norm_topk_prob: undefined };
    expect(read(v3, absent).config.mixture?.rule).toEqual(read(v3).config.mixture?.rule);
    expect(read(v2, absent).config.mixture?.rule).not.toHaveProperty("groups");
    expect(read(v3, { topk_group: 4 }).config.mixture?.rule).not.toHaveProperty("groups");
    expect(read(v3, { n_group: 1, topk_group: 1 }).config.mixture?.rule).not.toHaveProperty("groups");
    expect(read(v2, { n_shared_experts: null }).config.mixture).not.toHaveProperty("shared");
    expect(read(v3, { rope_interleave: false }).config.positions).toMatchObject({ layout: "halves" });
  });
});

test.each<[string, Fields, Fields, string]>([
  ["other scores of V2", v2, { scoring_func: "sigmoid" }, "scoring_func is sigmoid, expected softmax"],
  ["other scores of V3", v3, { scoring_func: "softmax" }, "scoring_func is softmax, expected sigmoid"],
  [
    "another way to choose",
    v2,
    { topk_method: "noaux_tc" },
    "topk_method is noaux_tc, known are greedy, group_limited_greedy",
  ],
  ["the way of V2 in V3", v3, { topk_method: "greedy" }, "topk_method is greedy, known are noaux_tc"],
  ["what differs between implementations", v2, { norm_topk_prob: true }, "routed_scaling_factor is 4 with norm_topk"],
  ["groups that do not divide", v3, { n_group: 3 }, "n_group is 3, which does not divide 8 experts"],
  ["more groups than there are", v3, { topk_group: 5 }, "topk_group is 5, expected an integer from 1 to 4"],
  ["too few groups", v3, { topk_group: 1 }, "topk_group is 1, groups of 2 experts for 3 of a token"],
  ["groups of one", v3, { n_group: 8, topk_group: 4 }, "n_group is 8, expected groups of at least two experts"],
  ["more experts of a token", v3, { num_experts_per_tok: 9 }, "num_experts_per_tok is 9, more than n_routed_experts"],
  ["an odd rotary width", v3, { qk_rope_head_dim: 7 }, "qk_rope_head_dim is 7, expected an even number"],
  ["no latent", v3, { kv_lora_rank: null }, "kv_lora_rank is missing"],
  ["a negative rank", v3, { q_lora_rank: -1 }, "q_lora_rank is -1, expected an integer from 1"],
  ["another gate", v3, { hidden_act: "gelu" }, "hidden_act is gelu, expected silu (the gate of experts)"],
  ["fp8", v3, { quantization_config: { quant_method: "fp8" } }, "quantization_config weights quantised by this scheme"],
])("%s is refused", (_, fields, changed, message) => {
  expect(() => read(fields, changed)).toThrow(FormatError);
  expect(() => read(fields, changed)).toThrow(`config.json: ${message}`);
});

test("weights are asked for as the layer has them", () => {
  const namesOf = (fields: Fields, layer: number) => {
    const { family, config } = read(fields);
    const sources = family.layer(config, layer, () => false);
    return sourcesOf(sources).map(({ name, shape }) => `${name} ${shape}`);
  };
  const at = "model.layers.1";
  expect(namesOf(v3, 1)).toEqual([
    `${at}.input_layernorm.weight 64`,
    `${at}.self_attn.q_b_proj.weight 96,24`,
    `${at}.self_attn.kv_a_proj_with_mqa.weight 40,64`,
    `${at}.self_attn.kv_b_proj.weight 112,32`,
    `${at}.self_attn.o_proj.weight 64,48`,
    `${at}.self_attn.kv_a_layernorm.weight 32`,
    `${at}.self_attn.q_a_proj.weight 24,64`,
    `${at}.self_attn.q_a_layernorm.weight 24`,
    `${at}.post_attention_layernorm.weight 64`,
    `${at}.mlp.gate.weight 8,64`,
    ...Array.from({ length: 8 }, (_, e) => [
      `${at}.mlp.experts.${e}.gate_proj.weight 12,64`,
      `${at}.mlp.experts.${e}.up_proj.weight 12,64`,
    ]).flat(),
    ...Array.from({ length: 8 }, (_, e) => `${at}.mlp.experts.${e}.down_proj.weight 64,12`),
    `${at}.mlp.gate.e_score_correction_bias 8`,
    `${at}.mlp.shared_experts.gate_proj.weight 12,64`,
    `${at}.mlp.shared_experts.up_proj.weight 12,64`,
    `${at}.mlp.shared_experts.down_proj.weight 64,12`,
  ]);
  expect(namesOf(lite, 0).slice(1, 3)).toEqual([
    "model.layers.0.self_attn.q_proj.weight 96,64",
    "model.layers.0.self_attn.kv_a_proj_with_mqa.weight 40,64",
  ]);
  expect(namesOf(lite, 0).at(-1)).toBe("model.layers.0.mlp.down_proj.weight 64,40");
  expect(namesOf(v2, 1).filter((name) => name.includes(".bias"))).toEqual([]);
  expect(namesOf({ ...v2, attention_bias: true }, 1).filter((name) => name.includes(".bias"))).toEqual([
    `${at}.self_attn.kv_a_proj_with_mqa.bias 40`,
    `${at}.self_attn.o_proj.bias 64`,
    `${at}.self_attn.q_a_proj.bias 24`,
  ]);
});
