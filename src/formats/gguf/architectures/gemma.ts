import type { Facts } from "../facts.ts";
import type { GgufArchitecture, TensorRules, WindowRule } from "./architecture.ts";
import { decoderKeys, ropeFields, tiedField, windowFields } from "./decoder-fields.ts";
import { llamaInner, llamaOuter } from "./llama.ts";

const norm = (to: string) => ({ kind: "norm", to: `${to}.weight` }) as const;

const inner: TensorRules = {
  ...llamaInner,
  "attn_norm.weight": norm("input_layernorm"),
  "attn_q_norm.weight": norm("self_attn.q_norm"),
  "attn_k_norm.weight": norm("self_attn.k_norm"),
  "post_attention_norm.weight": norm("post_attention_layernorm"),
  "ffn_norm.weight": norm("pre_feedforward_layernorm"),
  "post_ffw_norm.weight": norm("post_feedforward_layernorm"),
};

const outer: TensorRules = { ...llamaOuter, "output_norm.weight": norm("model.norm") };

/**
 * The scores' factor is 1/√width of a head, and in the largest model, recognised by its number of layers, 1/√(width /
 * heads).
 */
function scalar(facts: Facts, largest: number): number | undefined {
  const [layers, heads] = [facts.number("block_count"), facts.number("attention.head_count")];
  if (layers === largest && heads) return (facts.number("embedding_length") ?? 0) / heads;
  return facts.number("attention.key_length");
}

/** Layers of the largest models, by architecture. */
export const largestGemma: Readonly<Record<string, number>> = { gemma2: 46, gemma3: 62 };

function gemma(
  name: string,
  own: string,
  windows: WindowRule,
  keys: Readonly<Record<string, string>>,
): GgufArchitecture {
  return {
    name,
    classes: [own],
    keys: {
      ...decoderKeys,
      sliding_window: "attention.sliding_window",
      attn_logit_softcapping: "attn_logit_softcapping",
      final_logit_softcapping: "final_logit_softcapping",
      ...keys,
    },
    fields: (facts) => ({
      architectures: [own],
      ...tiedField(facts),
      ...ropeFields(facts),
      ...windowFields(facts, windows),
      query_pre_attn_scalar: scalar(facts, largestGemma[name] ?? 0),
    }),
    windows,
    outer,
    layer: "model.layers.*.",
    inner,
  };
}

/** Gemma 2: every second layer sees all tokens, and the scores' cap has a key. */
export const gemma2 = gemma("gemma2", "Gemma2ForCausalLM", { period: 2, always: true }, {});

/** Gemma 3: every sixth layer sees all tokens, and the others have their own rotary base. */
export const gemma3 = gemma(
  "gemma3",
  "Gemma3ForCausalLM",
  { period: 6 },
  { rope_local_base_freq: "rope.freq_base_swa" },
);
