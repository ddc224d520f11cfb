import type { StopReason } from "../generate/row.ts";

/** What was generated from one text. */
export interface SequenceResult {
  readonly text: string;
  /** The tokens generated, with the one that ends the text, without the one that the decoder begins with. */
  readonly ids: readonly number[];
  /** Tokens of the source, with those that the tokenizer adds. */
  readonly sourceIds: readonly number[];
  readonly stopReason: StopReason;
  /** Of a text that beams found: its log-probability over `length^lengthPenalty`. */
  readonly score?: number;
  /** With `attention`: what each of `ids` attends to in the source. */
  readonly attention?: readonly SequenceAttention[];
}

/** What was generated from texts. */
export interface SequenceResults {
  /** One for each text, in their order. */
  readonly results: readonly SequenceResult[];
  /** Seeds used: the same seeds give the same texts again. */
  readonly seeds: readonly number[];
  /** Milliseconds, except tokens per second. */
  readonly timings: {
    /** To encode the sources, with what is compiled for it. */
    readonly encode: number;
    readonly decode: number;
    /** Decoded tokens per second, over all texts. */
    readonly tokensPerSecond: number;
  };
}

/** How the states of a source are computed. */
export interface SequenceHiddenOptions {
  /** Tokens of the decoder, without the one that it begins with: their logits are computed as well. */
  readonly target?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The states of a source's tokens, and logits. */
export interface SequenceStates {
  /** Of the source, with those that the tokenizer adds. */
  readonly tokens: readonly number[];
  /** The output of the embeddings, then of every layer of the encoder; each has a row for each token. */
  readonly layers: readonly (readonly Float32Array[])[];
  /** With `target`: a row for the decoder's first token, and for each of the target's. */
  readonly logits?: readonly Float32Array[];
}

/** Which weights of a decoder's attention to its source. */
export interface CrossChoice {
  /** Default: the mean over all layers of the decoder. */
  readonly layer?: number | undefined;
  /** Default: the mean over all heads. */
  readonly head?: number | undefined;
  /** True also gives the weights of each of these heads, of which there may be 32 MiB. */
  readonly perHead?: boolean | undefined;
}

/** Which weights, and what ends their computation. */
export interface CrossAttentionOptions extends CrossChoice {
  readonly signal?: AbortSignal | undefined;
}

/** What one generated token attends to. */
export interface SequenceAttention {
  /** By token of the source: the mean of the chosen layers and heads. Their sum is 1. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** With `perHead`: of each, row-major `[layers, heads, source tokens]`. */
  readonly perHead?: Float32Array<ArrayBuffer>;
}

/** How much generated tokens attend to those of their source. */
export interface CrossAttention {
  readonly sourceIds: readonly number[];
  readonly targetIds: readonly number[];
  /** For each generated token the weights of the source's tokens, whose sum is 1. */
  readonly weights: readonly Float32Array[];
  /**
   * Where `perHead` is set, the weights of each head, of which `weights` is the mean: row-major
   * `[layers, heads, target tokens, source tokens]`, or of the one layer or head that was asked for.
   */
  readonly perHead?: Float32Array<ArrayBuffer>;
  /** Layers and heads of the decoder. */
  readonly layers: number;
  readonly heads: number;
}
