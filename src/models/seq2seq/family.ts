import type { FieldReader } from "../../formats/json/fields.ts";
import type { Opposites, WeightNames, WeightSource } from "../decoders/family.ts";
import type { EncoderLayerSources } from "../encoders/family.ts";
import type { EncoderDecoderConfig } from "./config.ts";

/** Names and shapes of what comes before and after the layers of one stack. */
export interface StackSources {
  /** Learned positions `[context, c]`, from the row of the first position on. */
  readonly positions?: WeightSource;
  /** Of the sum of the embeddings. */
  readonly embeddingNorm?: WeightSource;
  readonly embeddingNormBias?: WeightSource;
  /** Of the states of the last layer. */
  readonly finalNorm?: WeightSource;
  readonly finalNormBias?: WeightSource;
  /** Biases by distance bucket `[buckets, heads]`, for all layers of the stack. */
  readonly relativeBias?: WeightSource;
}

/** Names and shapes of the weights outside the layers. */
export interface EncoderDecoderSources {
  /** The decoder's, and the encoder's if they share one. */
  readonly embedding: WeightSource;
  readonly sourceEmbedding?: WeightSource;
  readonly encoder: StackSources;
  readonly decoder: StackSources;
  /** Unset: the embedding. */
  readonly head?: WeightSource;
  /** Added to the logits, `[v]` or `[1, v]`. */
  readonly headBias?: WeightSource;
}

/**
 * Names and shapes of attention over the encoder's states: queries from the decoder, keys and values from the encoder.
 */
export interface CrossSources {
  readonly norm: WeightSource;
  readonly normBias?: WeightSource;
  readonly q: WeightSource;
  readonly qBias?: WeightSource;
  readonly k: WeightSource;
  readonly kBias?: WeightSource;
  readonly v: WeightSource;
  readonly vBias?: WeightSource;
  readonly output: WeightSource;
  readonly outputBias?: WeightSource;
}

/** Names and shapes of the weights of one layer of the decoder. */
export interface DecoderLayerSources extends EncoderLayerSources {
  readonly attentionNorm: WeightSource;
  readonly cross: CrossSources;
}

/** Names and shapes of a layer of either stack. */
export type AnyLayerSources = EncoderLayerSources | DecoderLayerSources;

/** A family of encoder-decoders: how its config is read and how its weights are named. */
export interface EncoderDecoderFamily {
  /** The values of `model_type` in a `config.json`. */
  readonly modelTypes: readonly string[];
  readonly read: (config: FieldReader, modelType: string) => EncoderDecoderConfig;
  /** `has` returns whether the checkpoint holds an optional tensor. */
  readonly outer: (config: EncoderDecoderConfig, has: (name: string) => boolean) => EncoderDecoderSources;
  readonly encoderLayer: (
    config: EncoderDecoderConfig,
    layer: number,
    has: (name: string) => boolean,
  ) => EncoderLayerSources;
  readonly decoderLayer: (
    config: EncoderDecoderConfig,
    layer: number,
    has: (name: string) => boolean,
  ) => DecoderLayerSources;
  /** Names of the optional tensors that a new checkpoint has. */
  readonly fresh?: (config: EncoderDecoderConfig) => readonly string[];
  readonly opposites?: (config: EncoderDecoderConfig) => Opposites<EncoderDecoderConfig>;
  /** Names of tensors that such checkpoints may contain and that are not read. */
  readonly extras?: (config: EncoderDecoderConfig) => readonly RegExp[];
}

/** The config with its statement about the head, or the layers of a stack, reversed. */
export const stackOpposites =
  (encoderLayers: string, decoderLayers: string) =>
  ({ tied, layers, encoder, decoder }: EncoderDecoderConfig): Opposites<EncoderDecoderConfig> => ({
    tie_word_embeddings: { is: tied, but: { tied: !tied } },
    [encoderLayers]: {
      is: encoder.layers,
      but: { encoder: { ...encoder, layers: encoder.layers + 1 }, layers: layers + 1 },
    },
    [decoderLayers]: {
      is: decoder.layers,
      but: { decoder: { ...decoder, layers: decoder.layers + 1 }, layers: layers + 1 },
    },
  });

/** The names of a family as `checkWeights` takes them; layers are the encoder's, then the decoder's. */
export const weightNames = ({
  outer,
  encoderLayer,
  decoderLayer,
  opposites,
  extras,
}: EncoderDecoderFamily): WeightNames<EncoderDecoderConfig, EncoderDecoderSources, AnyLayerSources> => ({
  outer,
  layer: (config, layer, has) =>
    layer < config.encoder.layers
      ? encoderLayer(config, layer, has)
      : decoderLayer(config, layer - config.encoder.layers, has),
  ...(opposites && { opposites }),
  ...(extras && { extras }),
});
