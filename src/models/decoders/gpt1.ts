import { choice, type FieldReader, flag, integer, optional, positive } from "../../formats/json/fields.ts";
import { activationOf } from "../config-fields.ts";
import type { DecoderConfig } from "./config.ts";
import type { Family, OuterSources, WeightSource } from "./family.ts";
import { gptLayer, gptOpposites, gptPrefix } from "./gpt2.ts";

const fields = {
  vocab_size: integer(1, 1 << 24),
  n_embd: integer(1, 1 << 20),
  n_head: integer(1, 1 << 16),
  n_layer: integer(1, 1 << 12),
  n_positions: optional(integer(1, 1 << 24), 512),
  layer_norm_epsilon: optional(positive(1), 1e-5),
  afn: optional(choice(["gelu", "silu", "swish"]), "gelu"),
  tie_word_embeddings: optional(flag, true),
};

/**
 * GPT-1 (Radford et al. 2018): layer norms of the sums, and none after the last layer; learned positions, fused query,
 * key and value projection, tied head. What its config calls `gelu` is GELU by tanh. Layers are named and stored as in
 * GPT-2.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const given = config.read(fields);
  const { n_embd: width, n_head: heads, n_layer: layers, afn } = given;
  if (width % heads !== 0) config.fail("n_head", `is ${heads}, which does not divide n_embd ${width}`);
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers,
    heads,
    kvHeads: heads,
    headWidth: width / heads,
    hidden: 4 * width,
    context: given.n_positions,
    norm: "layer",
    norms: "post",
    eps: given.layer_norm_epsilon,
    activation: activationOf(afn === "gelu" ? "gelu_new" : afn),
    gated: false,
    tied: given.tie_word_embeddings,
    positions: { kind: "learned" },
    windows: new Array<undefined>(layers).fill(undefined),
  };
}

function outer({ vocabulary, width, context, tied }: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = gptPrefix(has);
  const head: WeightSource = { name: "lm_head.weight", shape: [vocabulary, width] };
  return {
    embedding: { name: `${prefix}tokens_embed.weight`, shape: [vocabulary, width] },
    positions: { name: `${prefix}positions_embed.weight`, shape: [context, width] },
    ...(tied ? {} : { head }),
  };
}

export const gpt1: Family = {
  architectures: ["OpenAIGPTLMHeadModel"],
  transposed: true,
  read,
  outer,
  layer: gptLayer,
  opposites: gptOpposites,
  extras: () => [/\bh\.\d+\.attn\.bias$/, /\bposition_ids$/], // its causal mask, and 0, 1, 2, …
};
