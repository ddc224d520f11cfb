import type { Facts } from "../facts.ts";
import type { GgufArchitecture } from "./architecture.ts";
import { decoderKeys, expertWidth, ropeFields, tiedField } from "./decoder-fields.ts";
import { llamaInner, llamaOuter } from "./llama.ts";

function fields(facts: Facts): Record<string, unknown> {
  const { rope_scaling: scaling, ...rope } = ropeFields(facts);
  return {
    architectures: ["GptOssForCausalLM"],
    ...tiedField(facts),
    ...rope,
    // The ends of YaRN's ramp are not rounded to whole pairs; files do not record this.
    ...(scaling ? { rope_scaling: { ...scaling, truncate: false } } : {}),
    intermediate_size: expertWidth(facts),
  };
}

/** gpt-oss: sinks, biases, and experts whose gates and ups are separate tensors. */
export const gptOss: GgufArchitecture = {
  name: "gpt-oss",
  classes: ["GptOssForCausalLM"],
  keys: {
    ...decoderKeys,
    sliding_window: "attention.sliding_window",
    num_local_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
  },
  fields,
  windows: { period: 2, always: true },
  outer: llamaOuter,
  layer: "model.layers.*.",
  inner: {
    // Precedes Llama's name for the same norm.
    "post_attention_norm.weight": "post_attention_layernorm.weight",
    ...llamaInner,
    "attn_sinks.weight": "self_attn.sinks",
    "ffn_gate_inp.weight": "mlp.router.weight",
    "ffn_gate_inp.bias": "mlp.router.bias",
    "ffn_gate_exps.weight": { kind: "experts", to: "mlp.experts.#.gate_proj.weight" },
    "ffn_up_exps.weight": { kind: "experts", to: "mlp.experts.#.up_proj.weight" },
    "ffn_down_exps.weight": { kind: "experts", to: "mlp.experts.#.down_proj.weight" },
    "ffn_gate_exps.bias": { kind: "alternating", to: "mlp.experts.gate_up_proj_bias", and: "ffn_up_exps.bias" },
    "ffn_down_exps.bias": "mlp.experts.down_proj_bias",
  },
};
