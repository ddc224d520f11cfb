import type { Facts } from "../facts.ts";
import type { GgufArchitecture, TensorRule, TensorRules } from "./architecture.ts";
import { decoderKeys, expertKeys, expertWidth, ropeFields, tiedField } from "./decoder-fields.ts";
import { llamaInner, llamaOuter } from "./llama.ts";
import { sharedExpert, sharedExpertWidth, stackedExperts } from "./qwen.ts";

function fields(facts: Facts): Record<string, unknown> {
  const key = "attention.recurrent_layers";
  const recurrent = facts.list(key);
  const interval = facts.number("full_attention_interval");
  const [values, inner] = [facts.number("ssm.time_step_rank"), facts.number("ssm.inner_size")];
  const width = facts.number("attention.key_length");
  const rotated = facts.number("rope.dimension_count") ?? width;
  // Files count the layers that predict further tokens among the layers.
  const predicting = facts.number("nextn_predict_layers") ?? 0;
  const layers = facts.number("block_count");
  return {
    ...ropeFields(facts),
    ...tiedField(facts),
    ...(rotated === undefined || !width ? {} : { partial_rotary_factor: rotated / width }),
    ...(predicting > 0 && layers !== undefined
      ? { num_hidden_layers: layers - predicting, mtp_num_hidden_layers: predicting }
      : {}),
    ...(recurrent
      ? {
          layer_types: recurrent
            .slice(0, (layers ?? 0) - predicting)
            .map((own) => (own ? "linear_attention" : "full_attention")),
        }
      : { full_attention_interval: interval ?? 4 }),
    ...(inner === undefined || !values ? {} : { linear_value_head_dim: inner / values }),
  };
}

const expertFields = (facts: Facts) => ({
  norm_topk_prob: true,
  moe_intermediate_size: expertWidth(facts),
  shared_expert_intermediate_size: sharedExpertWidth(facts),
});

const keys = {
  ...decoderKeys,
  linear_num_key_heads: "ssm.group_count",
  linear_num_value_heads: "ssm.time_step_rank",
  linear_key_head_dim: "ssm.state_size",
  linear_conv_kernel_dim: "ssm.conv_kernel",
};

const norm = (to: string): TensorRule => ({ kind: "norm", to: `${to}.weight` });

const outer: TensorRules = { ...llamaOuter, "output_norm.weight": norm("model.norm") };

const { "ffn_norm.weight": _, ...ofLlama } = llamaInner;

/** Attention, norms and the dense layer; the tensors of a gated DeltaNet that all versions have. */
const common: TensorRules = {
  ...ofLlama,
  "attn_norm.weight": norm("input_layernorm"),
  "attn_q_norm.weight": norm("self_attn.q_norm"),
  "attn_k_norm.weight": norm("self_attn.k_norm"),
  "post_attention_norm.weight": norm("post_attention_layernorm"),
  "ssm_norm.weight": "linear_attn.norm.weight",
};

/** Qwen3-Next: value heads are ordered as in Hugging Face's files, whose projections are grouped by key heads. */
export const qwen3next: GgufArchitecture = {
  name: "qwen3next",
  classes: ["Qwen3NextForCausalLM"],
  keys: { ...keys, ...expertKeys },
  fields: (facts) => ({ architectures: ["Qwen3NextForCausalLM"], ...fields(facts), ...expertFields(facts) }),
  outer,
  layer: "model.layers.*.",
  inner: {
    ...common,
    "attn_qkv.weight": {
      kind: "unpacked",
      to: "linear_attn.in_proj_qkv.weight",
      from: "linear_attn.in_proj_qkvz.weight",
      and: "attn_gate.weight",
    },
    "attn_gate.weight": "linear_attn.in_proj_z.weight",
    // Older files, from before it was split.
    "ssm_in.weight": "linear_attn.in_proj_qkvz.weight",
    "ssm_ba.weight": "linear_attn.in_proj_ba.weight",
    "ssm_conv1d.weight": { kind: "squeezed", to: "linear_attn.conv1d.weight" },
    "ssm_dt.bias": "linear_attn.dt_bias",
    ssm_a: { kind: "decay", to: "linear_attn.A_log" },
    "ssm_out.weight": "linear_attn.out_proj.weight",
    ...stackedExperts,
    ...sharedExpert,
  },
};

const tiled = (to: string, rest: Partial<Extract<TensorRule, { readonly kind: "tiled" }>> = {}): TensorRule => ({
  kind: "tiled",
  to: `linear_attn.${to}`,
  along: "rows",
  ...rest,
});

const inner: TensorRules = {
  ...common,
  "attn_qkv.weight": tiled("in_proj_qkv.weight"),
  "attn_gate.weight": tiled("in_proj_z.weight"),
  "ssm_beta.weight": tiled("in_proj_b.weight"),
  "ssm_alpha.weight": tiled("in_proj_a.weight"),
  "ssm_conv1d.weight": tiled("conv1d.weight", { as: "squeezed" }),
  "ssm_dt.bias": tiled("dt_bias"),
  ssm_a: tiled("A_log", { as: "decay" }),
  "ssm_out.weight": tiled("out_proj.weight", { along: "columns" }),
};

/** Qwen3.5, with other names of value heads' tensors, and these heads in another order. */
export const qwen35: GgufArchitecture = {
  name: "qwen35",
  classes: ["Qwen3_5ForCausalLM", "Qwen3_5ForConditionalGeneration"],
  keys,
  fields: (facts) => ({ architectures: ["Qwen3_5ForCausalLM"], ...fields(facts) }),
  outer,
  layer: "model.layers.*.",
  inner,
};

/** Qwen3.5 with experts. */
export const qwen35moe: GgufArchitecture = {
  ...qwen35,
  name: "qwen35moe",
  classes: ["Qwen3_5MoeForCausalLM", "Qwen3_5MoeForConditionalGeneration"],
  keys: { ...keys, ...expertKeys },
  fields: (facts) => ({ architectures: ["Qwen3_5MoeForCausalLM"], ...fields(facts), ...expertFields(facts) }),
  inner: { ...inner, ...stackedExperts, ...sharedExpert },
};
