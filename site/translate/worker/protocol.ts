import type { ModelCalls } from "../../shell/model/loader.ts";

/** A loaded encoder-decoder. */
export interface ModelFacts {
  readonly architecture: string;
  /** Layers of the encoder, and layers and heads of the decoder. */
  readonly encoderLayers: number;
  readonly layers: number;
  readonly heads: number;
  /** Tokens of a source, and of what is written, at most. */
  readonly sourceContext: number;
  readonly context: number;
  /** Bytes of the weights on the GPU. */
  readonly bytes: number;
  readonly quantisation: string;
  /** True where its weights cannot be distinguished from random numbers. */
  readonly untrained: boolean;
  /** What the folder says of how its model writes. */
  readonly defaults: WritingOptions;
}

/** How a text is written; what is left out is as the model's folder says. */
export interface WritingOptions {
  readonly beams?: number | undefined;
  readonly lengthPenalty?: number | undefined;
  readonly noRepeatNgram?: number | undefined;
  readonly maxTokens?: number | undefined;
}

/** A token that was written. */
export interface WrittenToken {
  /** Its text alone. */
  readonly text: string;
  /** What it attends to: row-major `[layers, heads, source]`, or the mean of these `[source]`. */
  readonly row: Float32Array<ArrayBuffer>;
}

/** What comes while a text is written. */
export type Written =
  /**
   * The tokens of the source, and its words for which the model has none; with `perHead` rows hold every head of every
   * layer, else their mean.
   */
  | {
      readonly kind: "source";
      readonly tokens: readonly string[];
      readonly unknown: readonly string[];
      readonly perHead: boolean;
    }
  /** The characters that are whole now, which have come with a token or were held back. */
  | { readonly kind: "piece"; readonly text: string; readonly token?: WrittenToken };

/** How a text ended. */
export interface Ended {
  readonly stopReason: string;
  readonly score: number | undefined;
  /** Milliseconds to encode the source. */
  readonly encode: number;
  readonly tokensPerSecond: number;
}

/** Calls of the page to its worker. */
export interface Calls extends ModelCalls<ModelFacts> {
  readonly write: [WritingOptions & { readonly text: string }, Ended, Written];
  /** Ends the text that is being written, whose tokens so far stay. */
  readonly stop: [Record<string, never>, undefined, never];
}
