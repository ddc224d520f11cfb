import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import { sourcesOf } from "../../src/models/decoders/family.ts";

const json = (folder: string) =>
  JSON.parse(readFileSync(new URL(`../golden/${folder}/config.json`, import.meta.url), "utf8"));
const fields: Readonly<Record<string, unknown>> = json("gpt-oss");
const read = (changed: Readonly<Record<string, unknown>>) => readArchitecture({ ...fields, ...changed });

describe("the config", () => {
  test("of gpt-oss", () => {
    const { config } = read({});
    expect(config).toMatchObject({
      heads: 4,
      kvHeads: 2,
      headWidth: 16,
      eps: 1e-5,
      tied: false,
      windows: [8, undefined, 8],
      positions: { theta: 1000, width: 16, layout: "halves", scaling: { kind: "yarn", truncate: false } },
    });
    expect(config.mixture).toEqual({
      experts: 8,
      hidden: 16,
      rule: { k: 2, scores: "softmax", normalise: true },
      activation: "clamped-swiglu",
    });
  });

  test("that leaves out what gpt-oss has by default", () => {
    const absent = ["layer_types", "sliding_window", "num_experts_per_tok", "rope_theta", "swiglu_limit", "hidden_act"];
    const { config } = read(Object.fromEntries(absent.map((name) => [name, undefined])));
    expect(config.windows).toEqual([128, undefined, 128]);
    expect(config.mixture?.rule.k).toBe(4);
    expect(config.positions).toMatchObject({ theta: 150000 });
  });

  test("whose layers slide as it says", () => {
    const types = ["full_attention", "full_attention", "sliding_attention"];
    expect(read({ layer_types: types }).config.windows).toEqual([undefined, undefined, 8]);
  });

  test("of MXFP4, which other families do not have", () => {
    const { config } = readArchitecture(json("gpt-oss-mxfp4"));
    expect(config.windows).toEqual([8, undefined, 8]);
    const quantised = { quantization_config: { quant_method: "mxfp4" } };
    expect(() => read({ ...quantised, architectures: ["MistralForCausalLM"], model_type: "mistral" })).toThrow(
      "quantised by this scheme",
    );
  });
});

test.each<[string, Record<string, unknown>, string]>([
  ["a layer less", { layer_types: ["full_attention"] }, "layer_types has 1 entries for 3 layers"],
  [
    "an unknown layer",
    { layer_types: ["full_attention", "chunked_attention", null] },
    "layer_types[1] is chunked_attention, known are sliding_attention, full_attention",
  ],
  ["layers in a word", { layer_types: "full" }, 'layer_types is "full", expected a list'],
  ["another clamp", { swiglu_limit: 8 }, "swiglu_limit is 8, expected 7"],
  ["another slope", { swiglu_alpha: 1.5 }, "swiglu_alpha is 1.5, expected 1.702"],
  ["another gate", { hidden_act: "gelu" }, "hidden_act is gelu, expected silu (the gate of experts)"],
  ["no biases", { attention_bias: false }, "attention_bias is false, expected true"],
  ["no width of a head", { head_dim: undefined }, "head_dim is missing"],
  ["an odd width of a head", { head_dim: 15 }, "head_dim is 15, expected an even number"],
  ["no experts", { num_local_experts: undefined }, "num_local_experts is missing"],
  ["heads that do not divide", { num_key_value_heads: 3 }, "num_key_value_heads is 3"],
  [
    "another quantisation",
    { quantization_config: { quant_method: "fbgemm_fp8" } },
    "quantization_config weights quantised by this scheme are not supported",
  ],
  ["a quantisation in a word", { quantization_config: "mxfp4" }, "quantization_config weights quantised by this"],
])("%s is refused", (_, changed, message) => {
  expect(() => read(changed)).toThrow(FormatError);
  expect(() => read(changed)).toThrow(`config.json: ${message}`);
});

test("weights are asked for as the checkpoint has them", () => {
  const { family, config } = read({});
  const namesOf = (has: (name: string) => boolean) =>
    sourcesOf(family.layer(config, 2, has)).map(({ name, shape }) => `${name} ${shape}`);
  const plain = namesOf(() => false);
  expect(plain).toContain("model.layers.2.self_attn.sinks 4");
  expect(plain.slice(-6)).toEqual([
    "model.layers.2.mlp.router.weight 8,64",
    "model.layers.2.mlp.router.bias 8",
    "model.layers.2.mlp.experts.gate_up_proj 8,64,32",
    "model.layers.2.mlp.experts.gate_up_proj_bias 8,32",
    "model.layers.2.mlp.experts.down_proj 8,16,64",
    "model.layers.2.mlp.experts.down_proj_bias 8,64",
  ]);
  const bare = namesOf((name) => name === "embed_tokens.weight" || name.endsWith("_blocks"));
  expect(bare).toContain("layers.2.mlp.experts.gate_up_proj_blocks 8,32,2,16");
  expect(bare).toContain("layers.2.mlp.experts.down_proj_blocks 8,64,1,16");
});
