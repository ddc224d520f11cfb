import type { Activation } from "../../blocks/activations.ts";

/** How an encoder knows the order of tokens. */
export type EncoderPositions = {
  readonly kind: "learned";
  /** Rows of the table. */
  readonly rows: number;
  /** Row of a text's first token; RoBERTa's rows before it are those of padding. */
  readonly first: number;
};

/** The settings of an encoder, whatever its family and file. */
export interface EncoderConfig {
  /** The `model_type` of its config.json. */
  readonly architecture: string;
  /** Rows of the embedding. */
  readonly vocabulary: number;
  /** Model width, c. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Feed-forward width, f. */
  readonly hidden: number;
  /** Longest text in tokens, with the special ones. */
  readonly context: number;
  /** Kinds of tokens that have an embedding of their own, such as those of the first and of the second text; 0: none. */
  readonly types: number;
  readonly positions: EncoderPositions;
  readonly norm: "layer";
  readonly eps: number;
  /** Whether norms follow the residual additions, or precede the sublayers. */
  readonly norms: "post" | "pre";
  readonly activation: Activation;
  /** True: heads that predict tokens use the embedding. */
  readonly tied: boolean;
}
