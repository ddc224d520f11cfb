import type { Facts } from "../facts.ts";
import type { GgufArchitecture } from "./architecture.ts";
import { kvHeadFields, ropeFields, tiedField } from "./decoder-fields.ts";

function fields(facts: Facts): Record<string, unknown> {
  const window = "attention.sliding_window";
  if (facts.number(window)) facts.reader.fail(facts.key(window), "is set, which is not supported");
  return {
    architectures: ["Lfm2ForCausalLM"],
    ...ropeFields(facts),
    ...tiedField(facts),
    ...kvHeadFields(facts, "conv", "full_attention"),
    // The key has the width of the matrices, which a folder may have to be computed.
    block_auto_adjust_ff_dim: false,
  };
}

/** LFM2, whose layers without heads of keys and values are short convolutions. */
export const lfm2: GgufArchitecture = {
  name: "lfm2",
  classes: ["Lfm2ForCausalLM"],
  keys: {
    hidden_size: "embedding_length",
    intermediate_size: "feed_forward_length",
    num_hidden_layers: "block_count",
    num_attention_heads: "attention.head_count",
    max_position_embeddings: "context_length",
    norm_eps: "attention.layer_norm_rms_epsilon",
    conv_L_cache: "shortconv.l_cache",
  },
  fields,
  outer: {
    "token_embd.weight": "model.embed_tokens.weight",
    "token_embd_norm.weight": "model.embedding_norm.weight",
    "output.weight": "lm_head.weight",
  },
  layer: "model.layers.*.",
  inner: {
    "attn_norm.weight": "operator_norm.weight",
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_k.weight": "self_attn.k_proj.weight",
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.out_proj.weight",
    "attn_q_norm.weight": "self_attn.q_layernorm.weight",
    "attn_k_norm.weight": "self_attn.k_layernorm.weight",
    "shortconv.in_proj.weight": "conv.in_proj.weight",
    "shortconv.conv.weight": { kind: "squeezed", to: "conv.conv.weight" },
    "shortconv.out_proj.weight": "conv.out_proj.weight",
    "ffn_norm.weight": "ffn_norm.weight",
    "ffn_gate.weight": "feed_forward.w1.weight",
    "ffn_up.weight": "feed_forward.w3.weight",
    "ffn_down.weight": "feed_forward.w2.weight",
  },
};
