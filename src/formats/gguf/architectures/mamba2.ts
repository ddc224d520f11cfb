import type { Facts } from "../facts.ts";
import type { GgufArchitecture, TensorRules } from "./architecture.ts";
import { tiedField } from "./decoder-fields.ts";

/** The tensors of a Mamba-2 layer, by the name of the layer in Hugging Face's files. */
export const mambaRules = (name: string): TensorRules => ({
  "ssm_in.weight": `${name}.in_proj.weight`,
  "ssm_conv1d.weight": { kind: "squeezed", to: `${name}.conv1d.weight` },
  "ssm_conv1d.bias": `${name}.conv1d.bias`,
  "ssm_dt.bias": `${name}.dt_bias`,
  ssm_a: { kind: "decay", to: `${name}.A_log`, as: "column" },
  ssm_d: { kind: "flat", to: `${name}.D`, as: "column" },
  "ssm_norm.weight": { kind: "flat", to: `${name}.norm.weight`, as: "row" },
  "ssm_out.weight": `${name}.out_proj.weight`,
});

/** @throws FormatError for groups: readers of such files norm each by itself, Hugging Face's class all together. */
export function checkGroups(facts: Facts): void {
  const key = "ssm.group_count";
  const groups = facts.number(key) ?? 1;
  if (groups === 1) return;
  facts.reader.fail(facts.key(key), `is ${groups}; groups that are normed each by itself are not supported`);
}

function fields(facts: Facts): Record<string, unknown> {
  const [inner, heads] = [facts.number("ssm.inner_size"), facts.number("ssm.time_step_rank")];
  const width = facts.number("embedding_length");
  checkGroups(facts);
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
    ...mambaRules("mixer"),
  },
};
