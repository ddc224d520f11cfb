import { type FieldReader, flag, integer, optional, positive, unsupported } from "../../formats/json/fields.ts";
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
import { bertHeads, robertaHeads } from "./heads/bert.ts";

const fields = {
  vocab_size: integer(1, 1 << 24),
  hidden_size: integer(1, 1 << 20),
  num_hidden_layers: integer(1, 1 << 12),
  num_attention_heads: integer(1, 1 << 16),
  intermediate_size: integer(1, 1 << 22),
  hidden_act: optional(activationName(false), "gelu"),
  max_position_embeddings: optional(integer(1, 1 << 24), 512),
  type_vocab_size: optional(integer(0, 1 << 16), 2),
  layer_norm_eps: optional(positive(1), 1e-12),
  pad_token_id: optional(integer(0, 1 << 24)),
  tie_word_embeddings: optional(flag, true),
  position_embedding_type: unsupported("positions other than absolute are not supported", "absolute"),
  is_decoder: unsupported("a decoder of this family is not supported", false),
  add_cross_attention: unsupported("attention to another sequence is not supported", false),
};

/**
 * Families whose positions count from one after the id of the padding token (Liu et al. 2019, fairseq's convention).
 */
const afterPadding = { roberta: "roberta.", "xlm-roberta": "roberta.", camembert: "roberta." } as const;
const prefixes: Readonly<Record<string, string>> = { bert: "bert.", ...afterPadding };

/**
 * BERT (Devlin et al. 2018) and RoBERTa (Liu et al. 2019), with XLM-R and CamemBERT: the encoder of 2017 with learned
 * positions, embeddings of token types, erf GELU, and a norm of the embeddings' sum.
 */
function read(config: FieldReader, modelType: string): EncoderConfig {
  const given = config.read(fields);
  const { hidden_size: width, num_attention_heads: heads, max_position_embeddings: rows } = given;
  const headWidth = headWidthOf(config, "num_attention_heads", heads, "hidden_size", width);
  const first = modelType in afterPadding ? (given.pad_token_id ?? 1) + 1 : 0;
  if (first >= rows) {
    config.fail("max_position_embeddings", `is ${rows}, expected more than the ${first} rows of padding`);
  }
  return {
    architecture: modelType,
    vocabulary: given.vocab_size,
    width,
    layers: given.num_hidden_layers,
    heads,
    headWidth,
    hidden: given.intermediate_size,
    context: rows - first,
    types: given.type_vocab_size,
    positions: { kind: "learned", rows, first },
    norm: "layer",
    eps: given.layer_norm_eps,
    norms: "post",
    activation: activationOf(given.hidden_act),
    tied: given.tie_word_embeddings,
  };
}

/** The prefix of names; folders saved from the bare model have none. */
const prefixOf = ({ architecture }: EncoderConfig, has: (name: string) => boolean) =>
  has("embeddings.word_embeddings.weight") ? "" : (prefixes[architecture] ?? "");

function outer(config: EncoderConfig, has: (name: string) => boolean): EncoderSources {
  const { vocabulary, width, types } = config;
  const prefix = `${prefixOf(config, has)}embeddings.`;
  const norm = normSources(`${prefix}LayerNorm`, width, has);
  return {
    embedding: { name: `${prefix}word_embeddings.weight`, shape: [vocabulary, width] },
    ...positionSources(`${prefix}position_embeddings.weight`, config),
    ...(types > 0 ? { types: { name: `${prefix}token_type_embeddings.weight`, shape: [types, width] } } : {}),
    embeddingNorm: norm.weight,
    embeddingNormBias: norm.bias,
  };
}

const names = {
  q: "attention.self.query",
  k: "attention.self.key",
  v: "attention.self.value",
  output: "attention.output.dense",
  attentionNorm: "attention.output.LayerNorm",
  up: "intermediate.dense",
  down: "output.dense",
  feedForwardNorm: "output.LayerNorm",
};

const layer = (config: EncoderConfig, index: number, has: (name: string) => boolean): EncoderLayerSources =>
  layerSources(config, `${prefixOf(config, has)}encoder.layer.${index}.`, names, has);

export const bert: EncoderFamily = {
  modelTypes: Object.keys(prefixes),
  read,
  outer,
  layer,
  opposites: layerOpposites,
  heads: (config, naming) =>
    config.architecture in afterPadding
      ? robertaHeads(config, naming)
      : bertHeads(config, naming, prefixOf(config, naming.has)),
  // Buffers, and heads that a model may not use.
  extras: () => [
    /\bembeddings\.(position_ids|token_type_ids)$/,
    /\bpooler\./,
    /^(cls|lm_head|classifier|qa_outputs)\b/,
  ],
};
