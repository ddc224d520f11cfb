import type { ModelCalls } from "../../shell/model/loader.ts";

/** A loaded encoder-decoder. */
export interface ModelFacts {
  readonly architecture: string;
  /** Layers of the encoder, and layers and heads of the decoder. */
  readonly encoderLayers: number;
  readonly layers: number;
  readonly heads: number;
  /** Maximum tokens of a source, and of a written text. */
  readonly sourceContext: number;
  readonly context: number;
  /** Bytes of the weights on the GPU. */
  readonly bytes: number;
  readonly quantisation: string;
  /** True if its weights cannot be distinguished from random numbers. */
  readonly untrained: boolean;
  /** The folder's settings for generation. */
  readonly defaults: WritingOptions;
}

/** Options of writing; unset ones are as in the model's folder. */
export interface WritingOptions {
  readonly beams?: number | undefined;
  readonly lengthPenalty?: number | undefined;
  readonly noRepeatNgram?: number | undefined;
  readonly maxTokens?: number | undefined;
}

/** A written token. */
export interface WrittenToken {
  /** Its text alone. */
  readonly text: string;
  /** What it attends to: row-major `[layers, heads, source]`, or the mean of these `[source]`. */
  readonly row: Float32Array<ArrayBuffer>;
}

/** Reports during writing. */
export type Written =
  /**
   * The tokens of the source, and its words without tokens; with `perHead` rows have every head of every layer, else
   * their mean.
   */
  | {
      readonly kind: "source";
      readonly tokens: readonly string[];
      readonly unknown: readonly string[];
      readonly perHead: boolean;
    }
  /** The characters completed by a token or held back before. */
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
  /** Ends the text being written; its tokens so far stay. */
  readonly stop: [Record<string, never>, undefined, never];
}
