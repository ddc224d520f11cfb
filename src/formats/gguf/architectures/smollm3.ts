import type { GgufArchitecture } from "./architecture.ts";
import { decoderKeys, ropeFields, tiedField } from "./decoder-fields.ts";
import { llamaInner, llamaOuter, rotated } from "./llama.ts";

/** SmolLM3: every fourth layer does not rotate queries and keys, which readers infer from the name. */
export const smollm3: GgufArchitecture = {
  name: "smollm3",
  classes: ["SmolLM3ForCausalLM"],
  keys: decoderKeys,
  fields: (facts) => ({ architectures: ["SmolLM3ForCausalLM"], ...ropeFields(facts), ...tiedField(facts) }),
  outer: llamaOuter,
  layer: "model.layers.*.",
  inner: { ...llamaInner, ...rotated },
};
