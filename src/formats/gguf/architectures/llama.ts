import type { Facts } from "../facts.ts";
import type { GgufArchitecture, TensorRules } from "./architecture.ts";
import { decoderKeys, ropeFields, tiedField } from "./decoder-fields.ts";

/** Tensors outside the layers, for Llama and architectures with its names. */
export const llamaOuter: TensorRules = {
  "token_embd.weight": "model.embed_tokens.weight",
  "output_norm.weight": "model.norm.weight",
  "output.weight": "lm_head.weight",
};

/** Tensors of a layer with Llama's names, except the projections of queries and keys. */
export const llamaInner: TensorRules = {
  "attn_norm.weight": "input_layernorm.weight",
  "attn_q.weight": "self_attn.q_proj.weight",
  "attn_q.bias": "self_attn.q_proj.bias",
  "attn_k.weight": "self_attn.k_proj.weight",
  "attn_k.bias": "self_attn.k_proj.bias",
  "attn_v.weight": "self_attn.v_proj.weight",
  "attn_v.bias": "self_attn.v_proj.bias",
  "attn_output.weight": "self_attn.o_proj.weight",
  "attn_output.bias": "self_attn.o_proj.bias",
  "attn_q_norm.weight": "self_attn.q_norm.weight",
  "attn_k_norm.weight": "self_attn.k_norm.weight",
  "ffn_norm.weight": "post_attention_layernorm.weight",
  "ffn_gate.weight": "mlp.gate_proj.weight",
  "ffn_gate.bias": "mlp.gate_proj.bias",
  "ffn_up.weight": "mlp.up_proj.weight",
  "ffn_up.bias": "mlp.up_proj.bias",
  "ffn_down.weight": "mlp.down_proj.weight",
  "ffn_down.bias": "mlp.down_proj.bias",
};

const mixtral: TensorRules = {
  "ffn_gate_inp.weight": "block_sparse_moe.gate.weight",
  "ffn_gate_exps.weight": { kind: "experts", to: "block_sparse_moe.experts.#.w1.weight" },
  "ffn_up_exps.weight": { kind: "experts", to: "block_sparse_moe.experts.#.w3.weight" },
  "ffn_down_exps.weight": { kind: "experts", to: "block_sparse_moe.experts.#.w2.weight" },
  // Older files, from before experts were stacked.
  "ffn_gate.*.weight": "block_sparse_moe.experts.*.w1.weight",
  "ffn_up.*.weight": "block_sparse_moe.experts.*.w3.weight",
  "ffn_down.*.weight": "block_sparse_moe.experts.*.w2.weight",
};

/** Rows of the heads of queries and keys, with adjacent rotated pairs. */
export const rotated: TensorRules = {
  "attn_q.weight": { kind: "heads", to: "self_attn.q_proj.weight", of: "heads" },
  "attn_q.bias": { kind: "heads", to: "self_attn.q_proj.bias", of: "heads" },
  "attn_k.weight": { kind: "heads", to: "self_attn.k_proj.weight", of: "kvHeads" },
  "attn_k.bias": { kind: "heads", to: "self_attn.k_proj.bias", of: "kvHeads" },
};

function fields(facts: Facts): Record<string, unknown> {
  const { tensors } = facts;
  const experts = facts.number("expert_count") ?? 0;
  const common = {
    ...ropeFields(facts),
    ...tiedField(facts),
    attention_bias: tensors.has("blk.0.attn_q.bias"),
    mlp_bias: tensors.has("blk.0.ffn_gate.bias"),
  };
  if (experts === 0) return { architectures: ["LlamaForCausalLM"], ...common };
  return {
    architectures: ["MixtralForCausalLM"],
    ...common,
    num_local_experts: experts,
    num_experts_per_tok: facts.number("expert_used_count"),
  };
}

/**
 * Llama and models converted as it: Mistral, Mixtral, SmolLM. Files have no key for a sliding window, so all layers see
 * all tokens.
 */
export const llama: GgufArchitecture = {
  name: "llama",
  classes: ["LlamaForCausalLM", "MistralForCausalLM", "MixtralForCausalLM"],
  keys: decoderKeys,
  fields,
  outer: llamaOuter,
  layer: "model.layers.*.",
  inner: { ...llamaInner, ...rotated, ...mixtral },
  read: ["rope_freqs.weight"],
};
