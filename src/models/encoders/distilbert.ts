import { type FieldReader, flag, integer, optional } from "../../formats/json/fields.ts";
import { activationName, activationOf } from "../config-fields.ts";
import type { Opposites } from "../decoders/family.ts";
import type { EncoderConfig } from "./config.ts";
import {
  type EncoderFamily,
  type EncoderLayerSources,
  type EncoderSources,
  headWidthOf,
  layerSources,
  normSources,
  positionSources,
} from "./family.ts";
import { headSources, maskedHead, tokenHeads } from "./heads/bert.ts";
import type { FamilyHeads, HeadNaming } from "./heads/head.ts";

/** DistilBERT's heads: a classifier with ReLU in place of a pooler with tanh, and the eps set in its code. */
const distilBertHeads = (config: EncoderConfig, naming: HeadNaming): FamilyHeads => ({
  "masked-language": maskedHead(
    config,
    naming,
    {
      dense: "vocab_transform",
      norm: "vocab_layer_norm",
      decoder: "vocab_projector",
      bias: ["vocab_projector.bias"],
    },
    { activation: config.activation, eps: 1e-12 },
  ),
  "sequence-classification": {
    rows: "first",
    activation: "relu",
    sources: headSources(config, naming, { dense: "pre_classifier", output: ["classifier", naming.labels] }),
    own: "pre_classifier.weight",
  },
  ...tokenHeads(config, naming),
});

const fields = {
  vocab_size: integer(1, 1 << 24),
  dim: integer(1, 1 << 20),
  n_layers: integer(1, 1 << 12),
  n_heads: integer(1, 1 << 16),
  hidden_dim: integer(1, 1 << 22),
  activation: optional(activationName(false), "gelu"),
  max_position_embeddings: optional(integer(1, 1 << 24), 512),
  tie_word_embeddings: optional(flag, true),
};

/** Set in its code, not by a field of the config. */
const eps = 1e-12;

/**
 * DistilBERT (Sanh et al. 2019): BERT without token types and pooler, under other names. Sinusoidal positions, where
 * the config names them, only initialise the table, which the checkpoint contains.
 */
function read(config: FieldReader, architecture: string): EncoderConfig {
  const given = config.read(fields);
  const { dim: width, n_heads: heads, max_position_embeddings: rows } = given;
  const headWidth = headWidthOf(config, "n_heads", heads, "dim", width);
  return {
    architecture,
    vocabulary: given.vocab_size,
    width,
    layers: given.n_layers,
    heads,
    headWidth,
    hidden: given.hidden_dim,
    context: rows,
    types: 0,
    positions: { kind: "learned", rows, first: 0 },
    norm: "layer",
    eps,
    norms: "post",
    activation: activationOf(given.activation),
    tied: given.tie_word_embeddings,
  };
}

/** The prefix of names; folders saved from the bare model have none. */
const prefixOf = (has: (name: string) => boolean) => (has("embeddings.word_embeddings.weight") ? "" : "distilbert.");

function outer(config: EncoderConfig, has: (name: string) => boolean): EncoderSources {
  const { vocabulary, width } = config;
  const prefix = `${prefixOf(has)}embeddings.`;
  const norm = normSources(`${prefix}LayerNorm`, width, has);
  return {
    embedding: { name: `${prefix}word_embeddings.weight`, shape: [vocabulary, width] },
    ...positionSources(`${prefix}position_embeddings.weight`, config),
    embeddingNorm: norm.weight,
    embeddingNormBias: norm.bias,
  };
}

const names = {
  q: "attention.q_lin",
  k: "attention.k_lin",
  v: "attention.v_lin",
  output: "attention.out_lin",
  attentionNorm: "sa_layer_norm",
  up: "ffn.lin1",
  down: "ffn.lin2",
  feedForwardNorm: "output_layer_norm",
};

const layer = (config: EncoderConfig, index: number, has: (name: string) => boolean): EncoderLayerSources =>
  layerSources(config, `${prefixOf(has)}transformer.layer.${index}.`, names, has);

const opposites = ({ layers }: EncoderConfig): Opposites<EncoderConfig> => ({
  n_layers: { is: layers, but: { layers: layers + 1 } },
});

export const distilBert: EncoderFamily = {
  modelTypes: ["distilbert"],
  read,
  outer,
  layer,
  opposites,
  heads: distilBertHeads,
  // A buffer, and heads that a model may not use.
  extras: () => [/\bembeddings\.position_ids$/, /^(vocab_|pre_classifier|classifier|qa_outputs)/],
};
