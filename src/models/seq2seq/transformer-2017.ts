import { choice, type FieldReader, flag, integer, optional, positive } from "../../formats/json/fields.ts";
import type { WeightSource } from "../decoders/family.ts";
import type { EncoderLayerSources } from "../encoders/family.ts";
import type { EncoderDecoderConfig } from "./config.ts";
import {
  type CrossSources,
  type EncoderDecoderFamily,
  type EncoderDecoderSources,
  type StackSources,
  stackOpposites,
} from "./family.ts";
import { activationField, activationNamed, headWidthIn, layerNorm } from "./post-norm.ts";

const id = optional(integer(0));
const feedForward = optional(integer(1, 1 << 22));

const fields = {
  vocab_size: integer(1, 1 << 24),
  source_vocab_size: optional(integer(1, 1 << 24)),
  d_model: integer(1, 1 << 20),
  nhead: integer(1, 1 << 16),
  num_encoder_layers: integer(1, 1 << 12),
  num_decoder_layers: integer(1, 1 << 12),
  dim_feedforward: feedForward,
  encoder_dim_feedforward: feedForward,
  decoder_dim_feedforward: feedForward,
  max_position_embeddings: optional(integer(1, 1 << 24), 4096),
  activation: optional(activationField, "relu"),
  norm_first: optional(flag, false),
  layer_norm_eps: optional(positive(1), 1e-5),
  scale_embedding: optional(flag, true),
  tie_word_embeddings: optional(flag, true),
  position_layout: optional(choice(["interleaved", "halves"]), "interleaved"),
  position_frequencies: optional(choice(["paper", "tensor2tensor"]), "paper"),
  decoder_start_token_id: id,
  eos_token_id: id,
  pad_token_id: id,
};

/**
 * The Transformer of 2017 (Vaswani et al. 2017) as `torch.nn.Transformer` names it, with that module's arguments as
 * fields: norms after the additions or, with `norm_first`, before the sublayers; sines and cosines of positions in any
 * spelling; one matrix for both embeddings and the head, or separate ones. Embeddings are multiplied by `√d_model`.
 */
function read(config: FieldReader, architecture: string): EncoderDecoderConfig {
  const given = config.read(fields);
  const { d_model: width, nhead: heads, num_encoder_layers, num_decoder_layers, vocab_size: vocabulary } = given;
  const { position_layout: layout, position_frequencies: frequencies, source_vocab_size } = given;
  const headWidth = headWidthIn(config, { width, heads }, "nhead");
  const stack = (name: "encoder" | "decoder", layers: number) => {
    const hidden = given[`${name}_dim_feedforward`] ?? given.dim_feedforward;
    if (hidden === undefined) {
      return config.fail("dim_feedforward", `is missing, and so is ${name}_dim_feedforward`);
    }
    const positions = { kind: "sinusoidal", spelling: { layout, frequencies } } as const;
    return { layers, heads, headWidth, hidden, context: given.max_position_embeddings, positions };
  };
  return {
    architecture,
    vocabulary,
    sourceVocabulary: source_vocab_size ?? vocabulary,
    ...(source_vocab_size !== undefined && { ownSource: true }),
    width,
    encoder: stack("encoder", num_encoder_layers),
    decoder: stack("decoder", num_decoder_layers),
    layers: num_encoder_layers + num_decoder_layers,
    norm: "layer",
    eps: given.layer_norm_eps,
    norms: given.norm_first ? "pre" : "post",
    ...(given.scale_embedding && { embeddingScale: width ** 0.5 }),
    activation: activationNamed(given.activation),
    gated: false,
    tied: given.tie_word_embeddings,
    start: given.decoder_start_token_id,
    end: given.eos_token_id,
    pad: given.pad_token_id,
  };
}

type Has = (name: string) => boolean;

/** The prefix of a module that contains the Transformer, or none. */
const prefixOf = (has: Has) => (has("transformer.encoder.layers.0.linear1.weight") ? "transformer." : "");

const matrix = (name: string, outputs: number, inputs: number): readonly [WeightSource, WeightSource] => [
  { name: `${name}.weight`, shape: [outputs, inputs] },
  { name: `${name}.bias`, shape: [outputs] },
];

function outer(config: EncoderDecoderConfig, has: Has): EncoderDecoderSources {
  const { vocabulary, sourceVocabulary, width, norms, tied, ownSource = false } = config;
  const stack = (name: "encoder" | "decoder"): StackSources => {
    const [finalNorm, finalNormBias] = layerNorm(`${prefixOf(has)}${name}.norm`, width);
    // The module has them; the paper's has none, and stacks with norms before their sublayers need one.
    return has(finalNorm.name) || norms === "pre" ? { finalNorm, finalNormBias } : {};
  };
  const own = {
    embedding: { name: "tgt_tok_emb.embedding.weight", shape: [vocabulary, width] },
    sourceEmbedding: { name: "src_tok_emb.embedding.weight", shape: [sourceVocabulary, width] },
  };
  const [head, headBias] = matrix("generator", vocabulary, width);
  return {
    ...(ownSource ? own : { embedding: { name: "shared.weight", shape: [vocabulary, width] } }),
    encoder: stack("encoder"),
    decoder: stack("decoder"),
    ...(!tied && { head }),
    ...(has(headBias.name) && { headBias }),
  };
}

/** Queries, keys and values are rows of one tensor. */
function attention({ width }: EncoderDecoderConfig, name: string): Omit<CrossSources, "norm" | "normBias"> {
  const third = (i: number, shape: readonly number[], part: string): WeightSource => ({
    name: `${name}.${part}`,
    shape,
    rows: [i * width, (i + 1) * width],
  });
  const weight = (i: number) => third(i, [3 * width, width], "in_proj_weight");
  const bias = (i: number) => third(i, [3 * width], "in_proj_bias");
  const [output, outputBias] = matrix(`${name}.out_proj`, width, width);
  return {
    q: weight(0),
    qBias: bias(0),
    k: weight(1),
    kBias: bias(1),
    v: weight(2),
    vBias: bias(2),
    output,
    outputBias,
  };
}

/** The parts of a layer that both stacks have. */
function layerOf(config: EncoderDecoderConfig, stack: "encoder" | "decoder", layer: number, has: Has) {
  const at = `${prefixOf(has)}${stack}.layers.${layer}.`;
  const { width } = config;
  const { hidden } = config[stack];
  const norm = (i: number) => layerNorm(`${at}norm${i}`, width);
  const [attentionNorm, attentionNormBias] = norm(1);
  const [feedForwardNorm, feedForwardNormBias] = norm(stack === "encoder" ? 2 : 3);
  const [up, upBias] = matrix(`${at}linear1`, hidden, width);
  const [down, downBias] = matrix(`${at}linear2`, width, hidden);
  const [crossNorm, crossNormBias] = norm(2);
  return {
    own: {
      attentionNorm,
      attentionNormBias,
      feedForwardNorm,
      feedForwardNormBias,
      ...attention(config, `${at}self_attn`),
      feedForward: { up, upBias, down, downBias },
    } satisfies EncoderLayerSources,
    cross: { norm: crossNorm, normBias: crossNormBias, ...attention(config, `${at}multihead_attn`) },
  };
}

export const transformer2017: EncoderDecoderFamily = {
  modelTypes: ["transformer-2017"],
  read,
  outer,
  encoderLayer: (config, layer, has) => layerOf(config, "encoder", layer, has).own,
  decoderLayer: (config, layer, has) => {
    const { own, cross } = layerOf(config, "decoder", layer, has);
    return { ...own, cross };
  },
  // The paper's: no final norm in a stack whose norms follow additions, no bias on a tied head.
  fresh: ({ tied }) => (tied ? [] : ["generator.bias"]),
  opposites: stackOpposites("num_encoder_layers", "num_decoder_layers"),
  // A position table, which is computed here.
  extras: ({ tied }) => [/^positional_encoding\.pos_embedding$/, ...(tied ? [/^generator\.weight$/] : [])],
};
