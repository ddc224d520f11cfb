import { type FieldReader, flag, integer, optional, unsupported } from "../../formats/json/fields.ts";
import type { WeightSource } from "../decoders/family.ts";
import type { EncoderDecoderConfig, StackPositions } from "./config.ts";
import { type EncoderDecoderFamily, type EncoderDecoderSources, type StackSources, stackOpposites } from "./family.ts";
import {
  activationField,
  activationNamed,
  type CrossNames,
  decoderLayerOf,
  encoderLayerOf,
  headWidthIn,
  layerNorm,
  type PostNormNames,
} from "./post-norm.ts";

const id = optional(integer(0));

/** The fields of `config.json` shared by BART and Marian. */
const fields = {
  vocab_size: integer(1, 1 << 24),
  d_model: integer(1, 1 << 20),
  encoder_layers: integer(1, 1 << 12),
  decoder_layers: integer(1, 1 << 12),
  encoder_attention_heads: integer(1, 1 << 16),
  decoder_attention_heads: integer(1, 1 << 16),
  encoder_ffn_dim: integer(1, 1 << 22),
  decoder_ffn_dim: integer(1, 1 << 22),
  max_position_embeddings: optional(integer(1, 1 << 24), 1024),
  activation_function: optional(activationField, "gelu"),
  scale_embedding: optional(flag, false),
  tie_word_embeddings: optional(flag, true),
  decoder_start_token_id: id,
  eos_token_id: id,
  pad_token_id: id,
  forced_bos_token_id: id,
  forced_eos_token_id: id,
  normalize_before: unsupported("norms before the sublayers are not supported", false),
  add_final_layer_norm: unsupported("a norm at the end of a stack is not supported", false),
};

/** What differs between the two families. */
interface Differences {
  readonly positions: StackPositions;
  /** The token that ends a text, and the last one at maximum length, for configs that omit them. */
  readonly end: number;
  readonly start?: number | undefined;
  readonly pad: number;
}

/** The settings of BART or Marian. */
export function readPostNorm(config: FieldReader, architecture: string, own: Differences): EncoderDecoderConfig {
  const given = config.read(fields);
  const { d_model: width, vocab_size: vocabulary } = given;
  // Cross-attention belongs to the decoder and has its heads.
  const stack = (heads: number, field: string) => ({
    heads,
    headWidth: headWidthIn(config, { width, heads }, field),
    context: given.max_position_embeddings,
    positions: own.positions,
  });
  const encoder = stack(given.encoder_attention_heads, "encoder_attention_heads");
  const decoder = stack(given.decoder_attention_heads, "decoder_attention_heads");
  const { encoder_layers, decoder_layers, forced_eos_token_id: last } = given;
  // Absent: the last token has a default; null: no token.
  const isLastGiven = Object.hasOwn(config.raw, "forced_eos_token_id");
  return {
    architecture,
    vocabulary,
    sourceVocabulary: vocabulary,
    width,
    encoder: { ...encoder, layers: encoder_layers, hidden: given.encoder_ffn_dim },
    decoder: { ...decoder, layers: decoder_layers, hidden: given.decoder_ffn_dim },
    layers: encoder_layers + decoder_layers,
    norm: "layer",
    eps: 1e-5,
    norms: "post",
    ...(given.scale_embedding && { embeddingScale: width ** 0.5 }),
    activation: activationNamed(given.activation_function),
    gated: false,
    tied: given.tie_word_embeddings,
    start: given.decoder_start_token_id ?? own.start,
    end: given.eos_token_id ?? own.end,
    pad: given.pad_token_id ?? own.pad,
    forcedFirst: given.forced_bos_token_id,
    forcedLast: isLastGiven ? last : own.end,
  };
}

/** The prefix of names; folders saved from the bare model have none. */
export const prefixOf = (has: (name: string) => boolean) =>
  has("encoder.layers.0.self_attn.q_proj.weight") ? "" : "model.";

const names: PostNormNames = {
  q: "self_attn.q_proj",
  k: "self_attn.k_proj",
  v: "self_attn.v_proj",
  output: "self_attn.out_proj",
  attentionNorm: "self_attn_layer_norm",
  up: "fc1",
  down: "fc2",
  feedForwardNorm: "final_layer_norm",
};

const cross: CrossNames = {
  q: "encoder_attn.q_proj",
  k: "encoder_attn.k_proj",
  v: "encoder_attn.v_proj",
  output: "encoder_attn.out_proj",
  norm: "encoder_attn_layer_norm",
};

/** The head and its bias, absent from files of a model without a head. */
export function headOf({ vocabulary, width, tied }: EncoderDecoderConfig, has: (name: string) => boolean) {
  const head: WeightSource = { name: "lm_head.weight", shape: [vocabulary, width] };
  const headBias: WeightSource = { name: "final_logits_bias", shape: [1, vocabulary] };
  return { ...(!tied && { head }), ...(has("final_logits_bias") && { headBias }) };
}

/** The embedding of both stacks, stored under one of its names. */
export function sharedEmbedding(
  { vocabulary, width }: EncoderDecoderConfig,
  has: (name: string) => boolean,
): WeightSource {
  const at = prefixOf(has);
  const stored = [`${at}encoder.embed_tokens.weight`, `${at}decoder.embed_tokens.weight`, "lm_head.weight"];
  const name = [`${at}shared.weight`, ...stored].find(has) ?? `${at}shared.weight`;
  return { name, shape: [vocabulary, width] };
}

/** Names of the layers of both families. */
export const postNormLayers: Pick<EncoderDecoderFamily, "encoderLayer" | "decoderLayer" | "opposites"> = {
  encoderLayer: (config, layer, has) => encoderLayerOf(config, `${prefixOf(has)}encoder.layers.${layer}.`, names),
  decoderLayer: (config, layer, has) =>
    decoderLayerOf(config, `${prefixOf(has)}decoder.layers.${layer}.`, names, cross),
  opposites: stackOpposites("encoder_layers", "decoder_layers"),
};

/** Rows of a position table before the first token's. */
const offset = 2;

/**
 * BART (Lewis et al. 2019): layers of 2017 with learned positions, a norm of the embeddings and GELU; the embedding of
 * both stacks is the head, and logits have a bias. Texts begin with the token that ends them.
 */
function read(config: FieldReader, architecture: string): EncoderDecoderConfig {
  const start = config.field("decoder_start_token_id", optional(integer(0), 2));
  config.read({ normalize_embedding: unsupported("embeddings without a norm are not supported", true) });
  return readPostNorm(config, architecture, { positions: { kind: "learned" }, end: 2, start, pad: 1 });
}

function outer(config: EncoderDecoderConfig, has: (name: string) => boolean): EncoderDecoderSources {
  const { width } = config;
  const stack = (name: "encoder" | "decoder"): StackSources => {
    const at = `${prefixOf(has)}${name}.`;
    const end = (config[name].context ?? 0) + offset;
    const [embeddingNorm, embeddingNormBias] = layerNorm(`${at}layernorm_embedding`, width);
    const positions = { name: `${at}embed_positions.weight`, shape: [end, width], rows: [offset, end] } as const;
    return { positions, embeddingNorm, embeddingNormBias };
  };
  return {
    embedding: sharedEmbedding(config, has),
    encoder: stack("encoder"),
    decoder: stack("decoder"),
    ...headOf(config, has),
  };
}

export const bart: EncoderDecoderFamily = {
  modelTypes: ["bart"],
  read,
  outer,
  ...postNormLayers,
  fresh: () => ["final_logits_bias"],
  // Copies of the embedding, and a classifier, which text generation does not use.
  extras: ({ tied }) => [
    /^(model\.)?((encoder|decoder)\.embed_tokens|shared)\.weight$/,
    /^classification_head\./,
    ...(tied ? [/^lm_head\.weight$/] : []),
  ],
};
