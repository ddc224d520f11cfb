import type { Activation } from "../../blocks/activations.ts";

/** How sines and cosines of positions are written into a row (Vaswani et al. 2017, section 3.5). */
export interface SinusoidSpelling {
  /**
   * `interleaved`: column 2i is the sine and 2i + 1 the cosine of frequency i, as in the paper. `halves`: all sines,
   * then all cosines; with an odd width there is one sine more (Marian).
   */
  readonly layout: "interleaved" | "halves";
  /** Frequency i of n: `10000^(−i/n)` as in the paper, or `10000^(−i/(n − 1))` as in tensor2tensor. */
  readonly frequencies: "paper" | "tensor2tensor";
}

/** How a stack of layers knows the order of its tokens. */
export type StackPositions =
  /** Rows of a table are added; rows before the first position (two in BART) are skipped on load. */
  | { readonly kind: "learned" }
  /** Sines and cosines are added. */
  | { readonly kind: "sinusoidal"; readonly spelling: SinusoidSpelling }
  /**
   * A bias per head by the distance of two tokens, in buckets, shared by all layers of the stack (Raffel et al. 2019,
   * section 2.1): in an encoder half of the buckets are for keys after the query, in a decoder all for keys before it.
   */
  | { readonly kind: "buckets"; readonly buckets: number; readonly farthest: number };

/** The settings of one of the two stacks of layers. */
export interface StackConfig {
  readonly layers: number;
  readonly heads: number;
  /** Width of a head; `heads · headWidth` need not be the model width. */
  readonly headWidth: number;
  /** Feed-forward width, f. */
  readonly hidden: number;
  /** Longest sequence in tokens; unset: only memory limits it. */
  readonly context?: number | undefined;
  readonly positions: StackPositions;
}

/** The settings of an encoder-decoder of any family, from any file format. */
export interface EncoderDecoderConfig {
  /** The `model_type` of its config.json. */
  readonly architecture: string;
  /** Rows of the decoder's embedding, and number of logits. */
  readonly vocabulary: number;
  /** Rows of the encoder's embedding; the same as the decoder's if they share one. */
  readonly sourceVocabulary: number;
  /** True: the encoder has its own embedding; unset: both stacks share one. */
  readonly ownSource?: boolean | undefined;
  /** Model width, c, of both stacks. */
  readonly width: number;
  readonly encoder: StackConfig;
  readonly decoder: StackConfig;
  /** Layers of both stacks together, the encoder's first. */
  readonly layers: number;
  readonly norm: "rms" | "layer";
  readonly eps: number;
  /** Whether norms follow the residual additions, or precede the sublayers. */
  readonly norms: "post" | "pre";
  /** Factor of the embeddings of tokens; unset: 1. */
  readonly embeddingScale?: number | undefined;
  readonly activation: Activation | "relu";
  /** True where feed-forward layers have a gate, which is activated. */
  readonly gated: boolean;
  /** Factor of attention's scores; unset: `1/√headWidth` of the stack. */
  readonly scoreScale?: number | undefined;
  /** Factor of the decoder's states before the head; unset: 1. */
  readonly headScale?: number | undefined;
  /** True when the head is the decoder's embedding. */
  readonly tied: boolean;
  /** The token that the decoder begins with, unless the files set another. */
  readonly start?: number | undefined;
  /** The id that ends a text, unless generation_config.json sets another. */
  readonly end?: number | undefined;
  /** The padding id, if known. */
  readonly pad?: number | undefined;
  /** The first generated token, if fixed, and the last one at maximum length. */
  readonly forcedFirst?: number | undefined;
  readonly forcedLast?: number | undefined;
}
