import type { Facts } from "../facts.ts";
import type { GgufArchitecture } from "./architecture.ts";
import { expertWidth, kvHeadFields, ropeFields, tiedField } from "./decoder-fields.ts";
import { checkGroups, mambaRules } from "./mamba2.ts";

function fields(facts: Facts): Record<string, unknown> {
  checkGroups(facts);
  const [inner, width] = [facts.number("ssm.inner_size"), facts.number("embedding_length")];
  const experts = facts.number("expert_count") ?? 0;
  // Readers rotate queries and keys unless this is false, as it is in files of Granite.
  const rotated = facts.value("rope.scaling.finetuned") !== false;
  return {
    architectures: ["GraniteMoeHybridForCausalLM"],
    ...tiedField(facts),
    ...(rotated ? { position_embedding_type: "rope", ...ropeFields(facts) } : { position_embedding_type: "nope" }),
    ...kvHeadFields(facts, "mamba", "attention"),
    ...(inner === undefined || !width ? {} : { mamba_expand: inner / width }),
    mamba_n_groups: 1,
    mamba_conv_bias: [...facts.tensors.keys()].some((name) => name.endsWith(".ssm_conv1d.bias")),
    num_local_experts: experts,
    ...(experts > 0
      ? {
          intermediate_size: expertWidth(facts),
          shared_intermediate_size: facts.number("expert_shared_feed_forward_length"),
        }
      : { num_experts_per_tok: 0, shared_intermediate_size: facts.number("feed_forward_length") }),
  };
}

/** Granite 4 hybrid, whose layers without heads of keys and values are Mamba-2. */
export const graniteHybrid: GgufArchitecture = {
  name: "granitehybrid",
  classes: ["GraniteMoeHybridForCausalLM"],
  keys: {
    hidden_size: "embedding_length",
    num_hidden_layers: "block_count",
    num_attention_heads: "attention.head_count",
    max_position_embeddings: "context_length",
    rms_norm_eps: "attention.layer_norm_rms_epsilon",
    num_experts_per_tok: "expert_used_count",
    mamba_n_heads: "ssm.time_step_rank",
    mamba_d_state: "ssm.state_size",
    mamba_d_conv: "ssm.conv_kernel",
    embedding_multiplier: "embedding_scale",
    residual_multiplier: "residual_scale",
    attention_multiplier: "attention.scale",
    logits_scaling: "logit_scale",
  },
  fields,
  outer: {
    "token_embd.weight": "model.embed_tokens.weight",
    "output_norm.weight": "model.norm.weight",
    "output.weight": "lm_head.weight",
  },
  layer: "model.layers.*.",
  inner: {
    "attn_norm.weight": "input_layernorm.weight",
    "attn_q.weight": { kind: "heads", to: "self_attn.q_proj.weight", of: "heads" },
    "attn_k.weight": { kind: "heads", to: "self_attn.k_proj.weight", of: "kvHeads" },
    "attn_v.weight": "self_attn.v_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    ...mambaRules("mamba"),
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_gate.weight": { kind: "stacked", to: "shared_mlp.input_linear.weight", and: "ffn_up.weight" },
    "ffn_down.weight": "shared_mlp.output_linear.weight",
  },
  innerOfExperts: {
    "ffn_gate_inp.weight": "block_sparse_moe.router.layer.weight",
    "ffn_gate_exps.weight": { kind: "stacked", to: "block_sparse_moe.input_linear.weight", and: "ffn_up_exps.weight" },
    "ffn_down_exps.weight": "block_sparse_moe.output_linear.weight",
    "ffn_gate_shexp.weight": { kind: "stacked", to: "shared_mlp.input_linear.weight", and: "ffn_up_shexp.weight" },
    "ffn_down_shexp.weight": "shared_mlp.output_linear.weight",
  },
};
