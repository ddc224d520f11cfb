import { type FieldReader, flag, integer, only, optional, positive, unsupported } from "../../formats/json/fields.ts";
import { activationName, activationOf } from "../config-fields.ts";
import type { EncoderConfig } from "./config.ts";
import {
  type EncoderFamily,
  type EncoderLayerSources,
  type EncoderSources,
  headWidthOf,
  layerOpposites,
  layerSources,
  normSources,
  positionSources,
} from "./family.ts";
import { robertaHeads } from "./heads/bert.ts";

const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  intermediate_size: integer(1, 1 << 22),
  hidden_act: optional(activationName(false), "gelu"),
  max_position_embeddings: optional(integer(3, 1 << 24), 512),
  layer_norm_eps: optional(positive(1), 1e-12),
  relative_attention_num_buckets: only(32),
  tie_word_embeddings: optional(flag, true),
  is_decoder: unsupported("a decoder of this family is not supported", false),
};

/** Rows of padding before the first position, regardless of the config's padding token. */
const first = 2;
/** Distances from this on share one bucket per side. */
const farthest = 128;

/**
 * MPNet (Song et al. 2020): RoBERTa without token types, under other names, with a bias per head and distance that all
 * layers share.
 */
function read(config: FieldReader, architecture: string): EncoderConfig {
  const given = config.read(fields);
  const { hidden_size: width, num_attention_heads: heads, max_position_embeddings: rows } = given;
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers: given.num_hidden_layers,
    heads,
    headWidth: headWidthOf(config, "num_attention_heads", heads, "hidden_size", width),
    hidden: given.intermediate_size,
    context: rows - first,
    types: 0,
    positions: { kind: "learned", rows, first },
    relativeBias: { buckets: given.relative_attention_num_buckets, farthest },
    norm: "layer",
    eps: given.layer_norm_eps,
    norms: "post",
    activation: activationOf(given.hidden_act),
    tied: given.tie_word_embeddings,
  };
}

/** The prefix of names; folders saved from the bare model have none. */
const prefixOf = (has: (name: string) => boolean) => (has("embeddings.word_embeddings.weight") ? "" : "mpnet.");

function outer(config: EncoderConfig, has: (name: string) => boolean): EncoderSources {
  const { vocabulary, width, heads } = config;
  const prefix = prefixOf(has);
  const norm = normSources(`${prefix}embeddings.LayerNorm`, width, has);
  return {
    embedding: { name: `${prefix}embeddings.word_embeddings.weight`, shape: [vocabulary, width] },
    ...positionSources(`${prefix}embeddings.position_embeddings.weight`, config),
    embeddingNorm: norm.weight,
    embeddingNormBias: norm.bias,
    relativeBias: {
      name: `${prefix}encoder.relative_attention_bias.weight`,
      shape: [config.relativeBias?.buckets ?? 0, heads],
    },
  };
}

const names = {
  q: "attention.attn.q",
  k: "attention.attn.k",
  v: "attention.attn.v",
  output: "attention.attn.o",
  attentionNorm: "attention.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  feedForwardNorm: "output.LayerNorm",
};

const layer = (config: EncoderConfig, index: number, has: (name: string) => boolean): EncoderLayerSources =>
  layerSources(config, `${prefixOf(has)}encoder.layer.${index}.`, names, has);

export const mpnet: EncoderFamily = {
  modelTypes: ["mpnet"],
  read,
  outer,
  layer,
  opposites: layerOpposites,
  heads: robertaHeads,
  // A buffer, and heads that a model may not use.
  extras: () => [/\bembeddings\.position_ids$/, /\bpooler\./, /^(lm_head|classifier|qa_outputs)\b/],
};
