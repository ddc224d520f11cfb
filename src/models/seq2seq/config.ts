import type { Activation } from "../../blocks/activations.ts";

/** How sines and cosines of positions are written into a row (Vaswani et al. 2017, section 3.5). */
export interface SinusoidSpelling {
  /**
   * `interleaved`: column 2i is the sine and 2i + 1 the cosine of frequency i, as in the paper. `halves`: all sines, then
   * all cosines; of an odd width the sines are one more (Marian).
   */
  readonly layout: "interleaved" | "halves";
  /** Frequency i of n: `10000^(−i/n)` as in the paper, or `10000^(−i/(n − 1))` as tensor2tensor has it. */
  readonly frequencies: "paper" | "tensor2tensor";
}

/** How a stack of layers knows the order of its tokens. */
export type StackPositions =
  /** Rows of a table are added; the weights' source leaves out rows before the first position (BART has two). */
  | { readonly kind: "learned" }
  /** Sines and cosines are added. */
  | { readonly kind: "sinusoidal"; readonly spelling: SinusoidSpelling }
  /**
   * A bias of each head by the distance of two tokens, in buckets, which all layers of the stack share (Raffel et al. 2019,
   * section 2.1): of an encoder half of them for keys after the query, of a decoder all for keys before it.
   */
  | { readonly kind: "buckets"; readonly buckets: number; readonly farthest: number };

/** The settings of one of the two stacks of layers. */
export interface StackConfig {
  readonly layers: number;
  readonly heads: number;
  /** Width of a head; heads times it need not be the model width. */
  readonly headWidth: number;
  /** Feed-forward width, f. */
  readonly hidden: number;
  /** Longest sequence in tokens; unset: positions have no end, so that memory alone limits it. */
  readonly context?: number | undefined;
  readonly positions: StackPositions;
}

/** The settings of an encoder-decoder, whatever its family and file. */
export interface EncoderDecoderConfig {
  /** The `model_type` of its config.json. */
  readonly architecture: string;
  /** Rows of the decoder's embedding, and number of logits. */
  readonly vocabulary: number;
  /** Rows of the encoder's embedding: the decoder's, unless each has its own. */
  readonly sourceVocabulary: number;
  /** True where the encoder has an embedding of its own; unset: both stacks have one. */
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
  /** The token that the decoder begins with, where the files do not say another. */
  readonly start?: number | undefined;
  /** The id that ends a text, where generation_config.json does not say another. */
  readonly end?: number | undefined;
  /** The id that fills texts up, where it is known. */
  readonly pad?: number | undefined;
  /** The first generated token, where it is given, and the last one at the greatest length. */
  readonly forcedFirst?: number | undefined;
  readonly forcedLast?: number | undefined;
}
