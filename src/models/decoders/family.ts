import type { FieldReader } from "../../formats/json/fields.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { DecoderConfig } from "./config.ts";

/** Elements stored as bytes in a checkpoint, in the blocks of a storage format. */
export interface PackedBlocks {
  readonly format: DType;
  /**
   * The tensors of the format's other planes by name, one byte a block: the shape of the blocks' tensor without its
   * last axis.
   */
  readonly planes: Readonly<Record<string, string>>;
}

/** The source of a weight: a tensor of the checkpoint, or rows of one that holds several weights. */
export interface WeightSource {
  readonly name: string;
  /** Shape in the file. */
  readonly shape: readonly number[];
  /** Stored `[in, out]` (GPT-2's Conv1D), or several such matrices `[n, in, out]`: transposed once on load. */
  readonly transposed?: boolean;
  /** Added in f32 to each element of a vector after reading: weights of norms may be stored minus 1. */
  readonly added?: number;
  /** A vector of logarithms of which the negated exponentials are used: A_log of layers with a state. */
  readonly negExp?: boolean;
  /**
   * Factors, one or one for each row: a vector is multiplied after reading; of a matrix the results are, so that it
   * stays as stored.
   */
  readonly factor?: number | readonly number[];
  /** The shape is in bytes; its last two axes are the blocks of a row and the bytes of a block. */
  readonly packed?: PackedBlocks;
  /** Rows to take, after transposing; a row runs along the last axis. */
  readonly rows?: readonly [number, number];
}

/** The source of a matrix that the checkpoint stores in pieces, such as the experts of a mixture. */
export interface StackedSource {
  /** Name of the whole matrix. */
  readonly label: string;
  /** Parts from top to bottom. The rows of a part with several tensors alternate: gate 0, up 0, gate 1, up 1, … */
  readonly parts: readonly (readonly WeightSource[])[];
  /** All checkpoints have it in one tensor, which converters keep; unset: some have a tensor for each expert. */
  readonly together?: boolean;
}

/** Names and shapes of a feed-forward layer's weights. */
export interface FeedForwardSources {
  readonly gate?: WeightSource;
  readonly gateBias?: WeightSource;
  readonly up: WeightSource;
  readonly upBias?: WeightSource;
  readonly down: WeightSource;
  readonly downBias?: WeightSource;
}

/** Names and shapes of the weights of a layer of experts: e experts of width f on a model of width c. */
export interface MixtureSources {
  /** `[e, c]` */
  readonly router: WeightSource;
  /** `[e]` */
  readonly routerBias?: WeightSource;
  /** `[e]` */
  readonly selectionBias?: WeightSource;
  /** `[e·2f, c]`, with alternating rows of gate and up. */
  readonly gateUp: StackedSource;
  /** `[e·2f]`, with alternating elements of gate and up. */
  readonly gateUpBias?: WeightSource;
  /** `[e·c, f]` */
  readonly down: StackedSource;
  /** `[e·c]` */
  readonly downBias?: WeightSource;
  readonly shared?: FeedForwardSources;
  /** Gate of the shared expert's result `[1, c]`. */
  readonly sharedGate?: WeightSource;
}

/** Names and shapes of the weights of latent attention other than q, k, v and output. */
export interface LatentSources {
  readonly norm: WeightSource;
  readonly queryDown?: WeightSource;
  readonly queryDownBias?: WeightSource;
  readonly queryNorm?: WeightSource;
}

/** Names and shapes of the weights of a layer with a state, by their names in the layer of each kind. */
export interface StateSources {
  /** Of a gated DeltaNet. */
  readonly qkv?: WeightSource | StackedSource;
  readonly z?: WeightSource | StackedSource;
  readonly b?: WeightSource | StackedSource;
  readonly a?: WeightSource | StackedSource;
  /** Of Mamba-2, and of a gated convolution. */
  readonly in?: WeightSource;
  readonly inBias?: WeightSource;
  /** `[channels, 1, taps]` */
  readonly convolution: WeightSource;
  readonly convolutionBias?: WeightSource;
  readonly dtBias?: WeightSource;
  readonly decay?: WeightSource;
  readonly skip?: WeightSource;
  readonly norm?: WeightSource;
  readonly out: WeightSource;
  readonly outBias?: WeightSource;
}

/** Names and shapes of the weights of a layer with attention; a weight that the family does not have is absent. */
export interface AttentionSources {
  readonly q: WeightSource;
  readonly qBias?: WeightSource;
  readonly k: WeightSource;
  readonly kBias?: WeightSource;
  readonly v: WeightSource;
  readonly vBias?: WeightSource;
  readonly output: WeightSource;
  readonly outputBias?: WeightSource;
  readonly qNorm?: WeightSource;
  readonly kNorm?: WeightSource;
  /** The sink of each head `[h]`: a score without a value. */
  readonly sinks?: WeightSource;
  readonly latent?: LatentSources;
}

/** True for the sources of a layer with attention. */
export const hasAttention = (layer: Partial<AttentionSources>): layer is AttentionSources => layer.q !== undefined;

/** Names and shapes of one layer's weights; a weight that the family does not have is absent. */
export interface LayerSources extends Partial<AttentionSources> {
  /** Before attention, or after it where norms follow the additions; unset: no norm. */
  readonly attentionNorm?: WeightSource;
  readonly attentionNormBias?: WeightSource;
  readonly state?: StateSources;
  /** Of attention's result. */
  readonly attentionOutputNorm?: WeightSource;
  /** Before the feed-forward layer, or after it likewise; unset: no norm. */
  readonly feedForwardNorm?: WeightSource;
  readonly feedForwardNormBias?: WeightSource;
  readonly feedForward?: FeedForwardSources | MixtureSources;
  /** Of the feed-forward layer's result. */
  readonly feedForwardOutputNorm?: WeightSource;
}

/** Names and shapes of the weights outside the layers. */
export interface OuterSources {
  readonly embedding: WeightSource;
  readonly positions?: WeightSource;
  /** Of the last layer's result; unset: no norm. */
  readonly norm?: WeightSource;
  readonly normBias?: WeightSource;
  readonly head?: WeightSource;
}

/**
 * Fields that decide which tensors exist: what each says, and what the config would be if it said the opposite. A
 * checkpoint that fits the opposite contradicts its config.
 */
export type Opposites<Config = DecoderConfig> = Readonly<
  Record<string, { readonly is: number | boolean; readonly but: Partial<Config> }>
>;

/** How the weights of models with one kind of config are named: those outside the layers, and those of a layer. */
export interface WeightNames<Config, Outer, Layer> {
  /** `has` returns whether the checkpoint holds an optional tensor. */
  readonly outer: (config: Config, has: (name: string) => boolean) => Outer;
  readonly layer: (config: Config, layer: number, has: (name: string) => boolean) => Layer;
  readonly opposites?: (config: Config) => Opposites<Config>;
  /** Names of tensors that such checkpoints may contain and that are not read. */
  readonly extras?: (config: Config) => readonly RegExp[];
}

/** An architecture family: how its config is read and how its weights are named. */
export interface Family extends WeightNames<DecoderConfig, OuterSources, LayerSources> {
  /** Names that the `architectures` of a `config.json` use. */
  readonly architectures: readonly string[];
  readonly read: (config: FieldReader, architecture: string) => DecoderConfig;
  /** True where matrices of layers are stored `[in, out]`. */
  readonly transposed?: boolean;
  /** Values of `quantization_config.quant_method` that it supports, other than those of every family. */
  readonly packings?: readonly string[];
}

/** Families by the names in `architectures` of a `config.json`. */
export const familiesByName = (families: readonly Family[]): Readonly<Record<string, Family>> =>
  Object.fromEntries(families.flatMap((family) => family.architectures.map((name) => [name, family] as const)));

/** The prefix of weight names; folders saved from the bare model lack `model.`. */
export const prefixFor = (has: (name: string) => boolean): string => (has("embed_tokens.weight") ? "" : "model.");

/** All tensors of the checkpoint that a part of the model, such as `LayerSources`, reads. */
export function sourcesOf(part: object): WeightSource[] {
  return Object.values(part).flatMap((entry: WeightSource | StackedSource | object) => {
    if ("parts" in entry) return entry.parts.flat();
    return "name" in entry ? [entry] : sourcesOf(entry);
  });
}
