import { type FieldReader, flag, integer, optional } from "../../formats/fields.ts";
import { activationName, activationOf } from "../config-fields.ts";
import type { Opposites } from "../family.ts";
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
import { distilBertHeads } from "./heads/distilbert.ts";

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

/** Its code says so: no field of the config does. */
const eps = 1e-12;

/**
 * DistilBERT (Sanh et al. 2019): BERT without token types and pooler, under other names. Sinusoidal positions, where the
 * config names them, are those that the table began with: the checkpoint has it.
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
  // A buffer, and heads, of which a model uses one or none.
  extras: () => [/\bembeddings\.position_ids$/, /^(vocab_|pre_classifier|classifier|qa_outputs)/],
};
