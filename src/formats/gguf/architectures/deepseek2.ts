import type { Facts } from "../facts.ts";
import type { GgufArchitecture } from "./architecture.ts";
import { expertWidth, ropeFields, tiedField } from "./decoder-fields.ts";
import { llamaOuter } from "./llama.ts";
import { stackedExperts } from "./qwen.ts";

/** `expert_gating_func` for sigmoid scores (DeepSeek-V3). */
const sigmoid = 2;

function fields(facts: Facts): Record<string, unknown> {
  const { tensors } = facts;
  const rotated = facts.number("rope.dimension_count") ?? 0;
  const keyWidth = facts.number("attention.key_length_mla") ?? facts.number("attention.key_length") ?? 0;
  const isV3 =
    facts.number("expert_gating_func") === sigmoid ||
    [...tensors.keys()].some((name) => name.endsWith("exp_probs_b.bias"));
  const groups = facts.number("expert_group_count") ?? 1;
  const grouped = isV3 ? "noaux_tc" : groups > 1 ? "group_limited_greedy" : "greedy";
  const { rope_scaling: scaling, ...rope } = ropeFields(facts, rotated);
  return {
    architectures: [isV3 ? "DeepseekV3ForCausalLM" : "DeepseekV2ForCausalLM"],
    ...tiedField(facts),
    ...rope,
    ...(scaling ? { rope_scaling: sharpened(facts, scaling as Record<string, unknown>) } : {}),
    qk_nope_head_dim: keyWidth - rotated,
    v_head_dim: facts.number("attention.value_length_mla") ?? facts.number("attention.value_length"),
    moe_intermediate_size: expertWidth(facts),
    topk_method: grouped,
    n_group: groups,
    topk_group: facts.number("expert_group_used_count") ?? groups,
    norm_topk_prob: facts.value("expert_weights_norm") ?? false,
    routed_scaling_factor: facts.number("expert_weights_scale") || 1,
  };
}

/** YaRN with the sharpening in the scores, if the file has its factor. */
function sharpened(facts: Facts, scaling: Record<string, unknown>): Record<string, unknown> {
  const slope = facts.number("rope.scaling.yarn_log_multiplier");
  if (slope === undefined || slope === 0) return scaling;
  const { attention_factor: _, ...rest } = scaling;
  // Converters multiply it by 0.1; as f32, it is rounded.
  const mscale = Number((10 * slope).toPrecision(6));
  return { ...rest, mscale, mscale_all_dim: mscale };
}

/** DeepSeek-V2 and V3: latent attention, stored as one head of keys, and grouped experts. */
export const deepseek2: GgufArchitecture = {
  name: "deepseek2",
  classes: ["DeepseekV2ForCausalLM", "DeepseekV3ForCausalLM"],
  keys: {
    hidden_size: "embedding_length",
    intermediate_size: "feed_forward_length",
    num_hidden_layers: "block_count",
    num_attention_heads: "attention.head_count",
    max_position_embeddings: "context_length",
    rms_norm_eps: "attention.layer_norm_rms_epsilon",
    q_lora_rank: "attention.q_lora_rank",
    kv_lora_rank: "attention.kv_lora_rank",
    qk_rope_head_dim: "rope.dimension_count",
    n_routed_experts: "expert_count",
    num_experts_per_tok: "expert_used_count",
    n_shared_experts: "expert_shared_count",
    first_k_dense_replace: "leading_dense_block_count",
  },
  fields,
  outer: llamaOuter,
  layer: "model.layers.*.",
  inner: {
    "attn_norm.weight": "input_layernorm.weight",
    "attn_q.weight": "self_attn.q_proj.weight",
    "attn_q_a.weight": "self_attn.q_a_proj.weight",
    "attn_q_a_norm.weight": "self_attn.q_a_layernorm.weight",
    "attn_q_b.weight": "self_attn.q_b_proj.weight",
    "attn_kv_a_mqa.weight": "self_attn.kv_a_proj_with_mqa.weight",
    "attn_kv_a_norm.weight": "self_attn.kv_a_layernorm.weight",
    "attn_k_b.weight": { kind: "latent", to: "self_attn.kv_b_proj.weight", and: "attn_v_b.weight" },
    // Older files, from before it was split.
    "attn_kv_b.weight": "self_attn.kv_b_proj.weight",
    "attn_output.weight": "self_attn.o_proj.weight",
    "ffn_norm.weight": "post_attention_layernorm.weight",
    "ffn_gate.weight": "mlp.gate_proj.weight",
    "ffn_up.weight": "mlp.up_proj.weight",
    "ffn_down.weight": "mlp.down_proj.weight",
    ...stackedExperts,
    "exp_probs_b.bias": "mlp.gate.e_score_correction_bias",
    "ffn_gate_shexp.weight": "mlp.shared_experts.gate_proj.weight",
    "ffn_up_shexp.weight": "mlp.shared_experts.up_proj.weight",
    "ffn_down_shexp.weight": "mlp.shared_experts.down_proj.weight",
  },
};
