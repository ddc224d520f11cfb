import type { Facts } from "../facts.ts";
import type { GgufArchitecture } from "./architecture.ts";
import { tiedField } from "./decoder-fields.ts";

function fields(facts: Facts): Record<string, unknown> {
  const [inner, heads, groups] = ["inner_size", "time_step_rank", "group_count"].map((key) =>
    facts.number(`ssm.${key}`),
  );
  const width = facts.number("embedding_length");
  // Readers of such files norm each group by itself, Hugging Face's class all groups together.
  if (groups !== undefined && groups !== 1) {
    facts.reader.fail(
      facts.key("ssm.group_count"),
      `is ${groups}; files with groups that are normed each by itself are not supported`,
    );
  }
  return {
    architectures: ["Mamba2ForCausalLM"],
    ...tiedField(facts),
    ...(inner === undefined || !heads ? {} : { head_dim: inner / heads }),
    ...(inner === undefined || !width ? {} : { expand: inner / width }),
    n_groups: 1,
    use_conv_bias: facts.tensors.has("blk.0.ssm_conv1d.bias"),
  };
}

/** Mamba-2. */
export const mamba2: GgufArchitecture = {
  name: "mamba2",
  classes: ["Mamba2ForCausalLM"],
  keys: {
    hidden_size: "embedding_length",
    num_hidden_layers: "block_count",
    num_heads: "ssm.time_step_rank",
    state_size: "ssm.state_size",
    conv_kernel: "ssm.conv_kernel",
    layer_norm_epsilon: "attention.layer_norm_rms_epsilon",
  },
  fields,
  outer: {
    "token_embd.weight": "backbone.embeddings.weight",
    "output_norm.weight": "backbone.norm_f.weight",
    "output.weight": "lm_head.weight",
  },
  layer: "backbone.layers.*.",
  inner: {
    "attn_norm.weight": "norm.weight",
    "ssm_in.weight": "mixer.in_proj.weight",
    "ssm_conv1d.weight": { kind: "squeezed", to: "mixer.conv1d.weight" },
    "ssm_conv1d.bias": "mixer.conv1d.bias",
    "ssm_dt.bias": "mixer.dt_bias",
    ssm_a: { kind: "decay", to: "mixer.A_log" },
    ssm_d: { kind: "flat", to: "mixer.D", as: "column" },
    "ssm_norm.weight": { kind: "flat", to: "mixer.norm.weight", as: "row" },
    "ssm_out.weight": "mixer.out_proj.weight",
  },
};
