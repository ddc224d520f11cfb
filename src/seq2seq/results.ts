import type { StopReason } from "../generate/session/row.ts";

/** What was generated from one text. */
export interface SequenceResult {
  readonly text: string;
  /** The generated tokens, with the end token, without the decoder's start token. */
  readonly ids: readonly number[];
  /** Tokens of the source, special tokens included. */
  readonly sourceIds: readonly number[];
  readonly stopReason: StopReason;
  /** For a text found by beam search: its log-probability over `length^lengthPenalty`. */
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
    /** To encode the sources, including compilation. */
    readonly encode: number;
    readonly decode: number;
    /** Decoded tokens per second, over all texts. */
    readonly tokensPerSecond: number;
  };
}

/** How the states of a source are computed. */
export interface SequenceHiddenOptions {
  /** Tokens of the decoder, without its start token: their logits are computed as well. */
  readonly target?: readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** The states of a source's tokens, and logits. */
export interface SequenceStates {
  /** Tokens of the source, special tokens included. */
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
  /** True also returns the weights of each of these heads, at most 32 MiB of them. */
  readonly perHead?: boolean | undefined;
}

/** Which weights, and a signal that ends their computation. */
export interface CrossAttentionOptions extends CrossChoice {
  readonly signal?: AbortSignal | undefined;
}

/** What one generated token attends to. */
export interface SequenceAttention {
  /** By token of the source: the mean of the chosen layers and heads. Their sum is 1. */
  readonly weights: Float32Array<ArrayBuffer>;
  /** With `perHead`: for each head, row-major `[layers, heads, source tokens]`. */
  readonly perHead?: Float32Array<ArrayBuffer>;
}

/** How much generated tokens attend to those of their source. */
export interface CrossAttention {
  readonly sourceIds: readonly number[];
  readonly targetIds: readonly number[];
  /** For each generated token the weights of the source's tokens, whose sum is 1. */
  readonly weights: readonly Float32Array[];
  /**
   * With `perHead`, the weights of each head, whose mean is `weights`: row-major
   * `[layers, heads, target tokens, source tokens]`, or only of the requested layer or head.
   */
  readonly perHead?: Float32Array<ArrayBuffer>;
  /** Layers and heads of the decoder. */
  readonly layers: number;
  readonly heads: number;
}
