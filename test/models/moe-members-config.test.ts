import { describe, expect, test } from "vitest";
import { FormatError } from "../../src/formats/format-error.ts";
import { readArchitecture } from "../../src/models/decoders/architectures.ts";
import { sourcesOf } from "../../src/models/decoders/family.ts";
import { checkRequirements } from "../../src/models/requirements.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { configOf, type MoeMember } from "./moe-members.ts";

const read = (member: MoeMember, fields: Readonly<Record<string, unknown>> = {}) =>
  readArchitecture({ ...configOf(member), ...fields });

describe("the experts of", () => {
  const swiglu = { activation: "swiglu" } as const;
  const softmax = { scores: "softmax" } as const;

  test("Qwen2-MoE: one shared, shares of all, and a layer without", () => {
    const { config } = read("qwen2-moe");
    const rule = { k: 3, ...softmax, normalise: false };
    expect(config.mixture).toEqual({ experts: 8, hidden: 24, shared: 40, dense: [1], rule, ...swiglu });
    expect(config).toMatchObject({ hidden: 56, headWidth: 8, eps: 1e-6, biases: { qkv: true, output: false } });
  });

  test("Qwen3-MoE: shares of the chosen, in every other layer", () => {
    const { config } = read("qwen3-moe");
    expect(config.mixture).toEqual({
      experts: 8,
      hidden: 24,
      dense: [0, 2],
      rule: { k: 2, ...softmax, normalise: true },
      ...swiglu,
    });
    expect(config).toMatchObject({ hidden: 48, headWidth: 16, biases: { qkv: false, output: false } });
  });

  test("OLMoE: as wide as the config's feed-forward layers, of which there are none", () => {
    const { config } = read("olmoe");
    expect(config.mixture).toEqual({ experts: 8, hidden: 24, rule: { k: 3, ...softmax, normalise: false }, ...swiglu });
    expect(config.eps).toBe(1e-5);
  });

  test.each<[MoeMember, number, number]>([
    ["qwen2-moe", 60, 4],
    ["qwen3-moe", 128, 8],
    ["olmoe", 64, 8],
  ])("%s where the config says little", (member, experts, k) => {
    const absent = { num_experts: undefined, num_experts_per_tok: null, norm_topk_prob: undefined };
    const { config } = read(member, { ...absent, decoder_sparse_step: undefined, mlp_only_layers: null });
    expect(config.mixture).toMatchObject({ experts, rule: { k, normalise: false } });
    expect(config.mixture?.dense ?? []).toEqual([]);
  });

  test("Qwen3-MoE by the newer name of their count", () => {
    const counts = { num_experts: undefined, num_local_experts: 5 };
    expect(read("qwen3-moe", counts).config.mixture?.experts).toBe(5);
    expect(read("qwen3-moe", { ...counts, num_experts: 5 }).config.mixture?.experts).toBe(5);
    expect(() => read("qwen3-moe", { ...counts, num_experts: 6 })).toThrow(
      "config.json: num_experts is 6, but num_local_experts, another name of it, is 5",
    );
    const message = "num_experts_per_tok is 6, more than num_local_experts, which is 5";
    expect(() => read("qwen3-moe", { ...counts, num_experts_per_tok: 6 })).toThrow(message);
  });
});

test.each<[readonly number[], number, readonly number[]]>([
  [[], 1, []],
  [[2], 1, [2]],
  [[], 3, [0, 1, 3]],
  [[3, 1], 2, [0, 1, 2, 3]],
  [[40], 5, [0, 1, 2, 3]],
])("mlp_only_layers %j and a step of %i leave %j dense", (listed, step, dense) => {
  const { config } = read("qwen3-moe", { mlp_only_layers: listed, decoder_sparse_step: step });
  expect(config.mixture?.dense).toEqual(dense);
});

test("windows that are used are those of the listed layers, for Qwen3-MoE of all, and for OLMoE of none", () => {
  expect(read("olmoe", { sliding_window: 9 }).config.windows).toEqual([undefined, undefined, undefined]);
  const used = { use_sliding_window: true, sliding_window: 9 };
  const types = ["full_attention", "sliding_attention", "full_attention"];
  expect(read("qwen2-moe", { ...used, layer_types: types }).config.windows).toEqual([undefined, 9, undefined]);
  expect(() => read("qwen2-moe", used)).toThrow(
    "config.json: layer_types is missing, expected the list of layers with a sliding window",
  );
  expect(read("qwen3-moe", used).config.windows).toEqual([9, 9, 9, 9]);
  expect(read("qwen3-moe", { ...used, use_sliding_window: false }).config.windows).toEqual(
    new Array(4).fill(undefined),
  );
});

test.each<[string, MoeMember, Record<string, unknown>, string]>([
  [
    "more experts of a token than there are",
    "olmoe",
    { num_experts_per_tok: 9 },
    "num_experts_per_tok is 9, more than num_experts, which is 8",
  ],
  ["no experts", "qwen2-moe", { num_experts: 0 }, "num_experts is 0, expected an integer from 1 to 1024"],
  ["experts of no width", "qwen3-moe", { moe_intermediate_size: null }, "moe_intermediate_size is missing"],
  [
    "a shared expert of no width",
    "qwen2-moe",
    { shared_expert_intermediate_size: undefined },
    "shared_expert_intermediate_size is missing",
  ],
  ["shares in words", "qwen3-moe", { norm_topk_prob: "yes" }, 'norm_topk_prob is "yes", expected true or false'],
  ["no step", "qwen3-moe", { decoder_sparse_step: 0 }, "decoder_sparse_step is 0, expected an integer from 1"],
  ["one dense layer", "qwen2-moe", { mlp_only_layers: 1 }, "mlp_only_layers is 1, expected a list of layers"],
  ["half a layer", "qwen2-moe", { mlp_only_layers: [0.5] }, "mlp_only_layers[0] is 0.5, expected an integer from 0"],
  ["another gate", "olmoe", { hidden_act: "gelu" }, "hidden_act is gelu, expected silu (the gate of experts)"],
  ["clipped queries", "olmoe", { clip_qkv: 8 }, "clip_qkv is 8; clipped queries, keys and values are not supported"],
])("%s is refused", (_, member, fields, message) => {
  expect(() => read(member, fields)).toThrow(FormatError);
  expect(() => read(member, fields)).toThrow(`config.json: ${message}`);
});

const namesOf = (member: MoeMember, layer: number, has: (name: string) => boolean = () => false) => {
  const { family, config } = read(member);
  const prefix = `model.layers.${layer}.`;
  return sourcesOf(family.layer(config, layer, has)).map(({ name, shape }) => {
    expect(name.startsWith(prefix)).toBe(true);
    return `${name.slice(prefix.length)} ${shape}`;
  });
};

describe("weights are asked for by the names of", () => {
  const experts = (e: number) => [`mlp.experts.${e}.gate_proj.weight 24,32`, `mlp.experts.${e}.up_proj.weight 24,32`];

  test("Qwen2-MoE", () => {
    const names = namesOf("qwen2-moe", 0);
    expect(names).toContain("self_attn.k_proj.bias 16");
    expect(names.slice(names.indexOf("mlp.gate.weight 8,32") + 1)).toEqual([
      ...Array.from({ length: 8 }, (_, e) => experts(e)).flat(),
      ...Array.from({ length: 8 }, (_, e) => `mlp.experts.${e}.down_proj.weight 32,24`),
      "mlp.shared_expert.gate_proj.weight 40,32",
      "mlp.shared_expert.up_proj.weight 40,32",
      "mlp.shared_expert.down_proj.weight 32,40",
      "mlp.shared_expert_gate.weight 1,32",
    ]);
    expect(namesOf("qwen2-moe", 1).slice(-3)).toEqual([
      "mlp.gate_proj.weight 56,32",
      "mlp.up_proj.weight 56,32",
      "mlp.down_proj.weight 32,56",
    ]);
  });

  test("Qwen3-MoE, whose norms are of a head", () => {
    const names = namesOf("qwen3-moe", 1);
    expect(names).toContain("self_attn.q_norm.weight 16");
    expect(names).toContain("self_attn.k_norm.weight 16");
    expect(names.at(-1)).toBe("mlp.experts.7.down_proj.weight 32,24");
  });

  test("OLMoE, whose norms are of all heads", () => {
    const names = namesOf("olmoe", 2);
    expect(names).toContain("self_attn.q_norm.weight 32");
    expect(names).toContain("self_attn.k_norm.weight 16");
  });

  test.each<MoeMember>(["qwen2-moe", "qwen3-moe", "olmoe"])("%s with stacks of the checkpoint's own", (member) => {
    const layer = member === "qwen3-moe" ? 3 : 0;
    const has = (name: string) => name.endsWith("mlp.experts.gate_up_proj");
    const names = namesOf(member, layer, has).filter((name) => name.startsWith("mlp.experts"));
    expect(new Set(names)).toEqual(new Set(["mlp.experts.gate_up_proj 8,48,32", "mlp.experts.down_proj 8,32,24"]));
  });
});

test("a shared expert that is too wide for a device is refused", async () => {
  const gpu = await quickGpu({ cap: { binding: 64 << 10 } });
  const { config } = read("qwen2-moe", { shared_expert_intermediate_size: 1 << 20 });
  expect(() => checkRequirements(gpu, config, 16)).toThrow("4.0 MiB for one row of weights");
  expect(() => checkRequirements(gpu, read("qwen2-moe").config, 16)).not.toThrow();
});

test("a vocabulary that is too large to sample from is refused", async () => {
  const gpu = await quickGpu();
  const many = { ...read("qwen2-moe").config, vocabulary: 2 ** 18 + 1 };
  expect(() => checkRequirements(gpu, many, 16)).toThrow("the model's vocabulary has 262145");
});
