import { alias, type FieldReader, flag, integer, optional, positive, unsupported } from "../../formats/json/fields.ts";
import { activationName, activationOf } from "../config-fields.ts";
import type { DecoderConfig } from "./config.ts";
import type { Family, LayerSources, Opposites, OuterSources, WeightSource } from "./family.ts";

const fields = {
  vocab_size: integer(1, 1 << 24),
  n_embd: alias(integer(1, 1 << 20), "hidden_size"),
  n_head: alias(integer(1, 1 << 16), "num_attention_heads"),
  n_layer: alias(integer(1, 1 << 12), "num_hidden_layers"),
  n_positions: optional(alias(integer(1, 1 << 24), "max_position_embeddings"), 1024),
  n_inner: optional(integer(1, 1 << 22)),
  layer_norm_epsilon: optional(positive(1), 1e-5),
  activation_function: optional(activationName(false), "gelu_new"),
  scale_attn_weights: optional(flag, true),
  scale_attn_by_inverse_layer_idx: optional(flag, false),
  tie_word_embeddings: optional(flag, true),
  add_cross_attention: unsupported("attention to another sequence is not supported", false),
};

/**
 * GPT-2 (Radford et al. 2019): pre-norm layer norm, learned positions, fused query, key and value projection, GELU by
 * tanh, tied head. Its Conv1D weights are stored `[in, out]`.
 */
function read(config: FieldReader, architecture: string): DecoderConfig {
  const given = config.read(fields);
  const { n_embd: width, n_head: heads, n_layer: layers } = given;
  if (width % heads !== 0) config.fail("n_head", `is ${heads}, which does not divide n_embd ${width}`);
  const headWidth = width / heads;
  const scaled = given.scale_attn_weights ? 1 / Math.sqrt(headWidth) : 1;
  const byLayer = given.scale_attn_by_inverse_layer_idx;
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers,
    heads,
    kvHeads: heads,
    headWidth,
    hidden: given.n_inner ?? 4 * width,
    context: given.n_positions,
    norm: "layer",
    eps: given.layer_norm_epsilon,
    activation: activationOf(given.activation_function),
    gated: false,
    tied: given.tie_word_embeddings,
    positions: { kind: "learned" },
    windows: new Array<undefined>(layers).fill(undefined),
    scales: Array.from({ length: layers }, (_, layer) => (byLayer ? scaled / (layer + 1) : scaled)),
  };
}

/** Names may begin with `transformer.`; GPT-1 has another name for the embedding. */
export const gptPrefix = (has: (name: string) => boolean): string =>
  has("wte.weight") || has("tokens_embed.weight") ? "" : "transformer.";

function outer(config: DecoderConfig, has: (name: string) => boolean): OuterSources {
  const prefix = gptPrefix(has);
  const head: WeightSource = { name: "lm_head.weight", shape: [config.vocabulary, config.width] };
  return {
    embedding: { name: `${prefix}wte.weight`, shape: [config.vocabulary, config.width] },
    positions: { name: `${prefix}wpe.weight`, shape: [config.context, config.width] },
    norm: { name: `${prefix}ln_f.weight`, shape: [config.width] },
    normBias: { name: `${prefix}ln_f.bias`, shape: [config.width] },
    ...(config.tied ? {} : { head }),
  };
}

/** The sources of a layer of GPT-2, which are those of GPT-1. */
export function gptLayer(config: DecoderConfig, index: number, has: (name: string) => boolean): LayerSources {
  const { width, hidden } = config;
  const name = (rest: string) => `${gptPrefix(has)}h.${index}.${rest}`;
  const vector = (rest: string, size: number): WeightSource => ({ name: name(rest), shape: [size] });
  const conv = (rest: string, input: number, out: number, rows?: readonly [number, number]): WeightSource => ({
    name: name(`${rest}.weight`),
    shape: [input, out],
    transposed: true,
    ...(rows ? { rows } : {}),
  });
  const third = (i: number): readonly [number, number] => [i * width, (i + 1) * width];
  const projection = (i: number) => conv("attn.c_attn", width, 3 * width, third(i));
  const projectionBias = (i: number): WeightSource => ({ ...vector("attn.c_attn.bias", 3 * width), rows: third(i) });
  return {
    attentionNorm: vector("ln_1.weight", width),
    attentionNormBias: vector("ln_1.bias", width),
    q: projection(0),
    qBias: projectionBias(0),
    k: projection(1),
    kBias: projectionBias(1),
    v: projection(2),
    vBias: projectionBias(2),
    output: conv("attn.c_proj", width, width),
    outputBias: vector("attn.c_proj.bias", width),
    feedForwardNorm: vector("ln_2.weight", width),
    feedForwardNormBias: vector("ln_2.bias", width),
    feedForward: {
      up: conv("mlp.c_fc", width, hidden),
      upBias: vector("mlp.c_fc.bias", hidden),
      down: conv("mlp.c_proj", hidden, width),
      downBias: vector("mlp.c_proj.bias", width),
    },
  };
}

export const gptOpposites = ({ layers, tied }: DecoderConfig): Opposites => ({
  n_layer: { is: layers, but: { layers: layers + 1 } },
  ...(tied ? {} : { tie_word_embeddings: { is: false, but: { tied: true } } }),
});

export const gpt2: Family = {
  architectures: ["GPT2LMHeadModel"],
  transposed: true,
  read,
  outer,
  layer: gptLayer,
  opposites: gptOpposites,
  extras: () => [/\bh\.\d+\.attn\.(masked_)?bias$/], // its causal mask
};
