import type { GgufArchitecture } from "./architecture.ts";
import { decoderKeys, ropeFields, tiedField } from "./decoder-fields.ts";
import { llamaInner, llamaOuter } from "./llama.ts";

/** Phi-3 and Phi-4, whose divisors of frequencies are tensors. A window of 0 means no window. */
export const phi3: GgufArchitecture = {
  name: "phi3",
  classes: ["Phi3ForCausalLM"],
  keys: { ...decoderKeys, sliding_window: "attention.sliding_window" },
  fields: (facts) => ({ architectures: ["Phi3ForCausalLM"], ...ropeFields(facts), ...tiedField(facts) }),
  windows: {},
  outer: llamaOuter,
  layer: "model.layers.*.",
  inner: {
    ...llamaInner,
    "attn_qkv.weight": "self_attn.qkv_proj.weight",
    "ffn_up.weight": "mlp.gate_up_proj.weight",
  },
  read: ["rope_factors_long.weight", "rope_factors_short.weight"],
};
