import type { Facts } from "../facts.ts";
import type { GgufArchitecture, TensorRules, WindowRule } from "./architecture.ts";
import { decoderKeys, expertKeys, expertWidth, ropeFields, tiedField, windowFields } from "./decoder-fields.ts";
import { llamaInner, llamaOuter } from "./llama.ts";

/** Experts of a layer, stacked, under the names of most families. */
export const stackedExperts: TensorRules = {
  "ffn_gate_inp.weight": "mlp.gate.weight",
  "ffn_gate_exps.weight": { kind: "experts", to: "mlp.experts.#.gate_proj.weight" },
  "ffn_up_exps.weight": { kind: "experts", to: "mlp.experts.#.up_proj.weight" },
  "ffn_down_exps.weight": { kind: "experts", to: "mlp.experts.#.down_proj.weight" },
};

/** The expert that all tokens have. */
export const sharedExpert: TensorRules = {
  "ffn_gate_shexp.weight": "mlp.shared_expert.gate_proj.weight",
  "ffn_up_shexp.weight": "mlp.shared_expert.up_proj.weight",
  "ffn_down_shexp.weight": "mlp.shared_expert.down_proj.weight",
  "ffn_gate_inp_shexp.weight": { kind: "row", to: "mlp.shared_expert_gate.weight" },
};

/** Its width: older files omit it. */
export const sharedExpertWidth = (facts: Facts): number | undefined =>
  facts.number("expert_shared_feed_forward_length") ?? facts.tensors.get("blk.0.ffn_up_shexp.weight")?.shape[0];

/** What readers of GGUF infer from an architecture's name alone. */
interface Known {
  readonly class: string;
  readonly fields?: (facts: Facts) => Readonly<Record<string, unknown>>;
  readonly inner?: TensorRules;
}

/** An architecture with Llama's names, whose heads are rotated in halves. */
const likeLlama = (name: string, { class: own, fields, inner = {} }: Known): GgufArchitecture => ({
  name,
  classes: [own],
  keys: { ...decoderKeys, ...(fields ? expertKeys : {}) },
  fields: (facts) => ({ architectures: [own], ...ropeFields(facts), ...tiedField(facts), ...fields?.(facts) }),
  outer: llamaOuter,
  layer: "model.layers.*.",
  inner: { ...llamaInner, ...inner },
});

export const qwen2 = likeLlama("qwen2", { class: "Qwen2ForCausalLM" });

export const qwen3 = likeLlama("qwen3", { class: "Qwen3ForCausalLM" });

/** Files do not record whether the weights of a token's experts sum to one: not here, but in Qwen3. */
export const qwen2moe = likeLlama("qwen2moe", {
  class: "Qwen2MoeForCausalLM",
  fields: (facts) => ({
    norm_topk_prob: false,
    moe_intermediate_size: expertWidth(facts),
    shared_expert_intermediate_size: sharedExpertWidth(facts),
  }),
  inner: { ...stackedExperts, ...sharedExpert },
});

export const qwen3moe = likeLlama("qwen3moe", {
  class: "Qwen3MoeForCausalLM",
  fields: (facts) => ({ norm_topk_prob: true, moe_intermediate_size: expertWidth(facts) }),
  inner: stackedExperts,
});

const olmoWindows: WindowRule = { period: 4 };
const likeOlmo = likeLlama("olmo2", { class: "Olmo2ForCausalLM" });

/** OLMo 2, with norms of layer outputs, and OLMo 3, which adds windows. */
export const olmo2: GgufArchitecture = {
  ...likeOlmo,
  classes: ["Olmo2ForCausalLM", "Olmo3ForCausalLM"],
  keys: { ...likeOlmo.keys, sliding_window: "attention.sliding_window" },
  fields: (facts) =>
    facts.number("attention.sliding_window")
      ? { ...likeOlmo.fields(facts), architectures: ["Olmo3ForCausalLM"], ...windowFields(facts, olmoWindows) }
      : likeOlmo.fields(facts),
  windows: olmoWindows,
  inner: {
    // Precedes Llama's name for another norm.
    "post_attention_norm.weight": "post_attention_layernorm.weight",
    "post_ffw_norm.weight": "post_feedforward_layernorm.weight",
    ...llamaInner,
  },
};

export const olmoe = likeLlama("olmoe", {
  class: "OlmoeForCausalLM",
  fields: (facts) => ({ norm_topk_prob: false, intermediate_size: expertWidth(facts) }),
  inner: stackedExperts,
});
