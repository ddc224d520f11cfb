import type { Activation } from "../../blocks/activations.ts";
import type { RopeSettings } from "../decoders/rope.ts";

/** How an encoder knows the order of tokens. */
export type EncoderPositions =
  | {
      readonly kind: "learned";
      /** Rows of the table. */
      readonly rows: number;
      /** Row of a text's first token; in RoBERTa the rows before it belong to padding. */
      readonly first: number;
    }
  /** Queries and keys are rotated (Su et al. 2021), in layers with a window by separate frequencies if given. */
  | { readonly kind: "rotary"; readonly all: RopeSettings; readonly local?: RopeSettings | undefined }
  /** A table of sines and cosines is added (Vaswani et al. 2017, section 3.5). */
  | { readonly kind: "sinusoidal" };

/** The row of a table of positions, or the position, of a text's first token. */
export const firstPosition = (positions: EncoderPositions): number =>
  positions.kind === "learned" ? positions.first : 0;

/** The settings of an encoder of any family, from any file format. */
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
  /** Longest text in tokens, special tokens included. */
  readonly context: number;
  /** Number of token types with their own embedding, e.g. for the first and the second text; 0: none. */
  readonly types: number;
  readonly positions: EncoderPositions;
  /** A bias of each head by the distance of two tokens, in buckets (Raffel et al. 2019, section 2.1); unset: none. */
  readonly relativeBias?: { readonly buckets: number; readonly farthest: number } | undefined;
  /** How many tokens on either side each layer sees; an unset entry: all. Unset: all layers see all. */
  readonly windows?: readonly (number | undefined)[] | undefined;
  readonly norm: "layer";
  readonly eps: number;
  /** Whether norms follow the residual additions, or precede the sublayers. */
  readonly norms: "post" | "pre";
  readonly activation: Activation | "relu";
  /** True: heads that predict tokens use the embedding. */
  readonly tied: boolean;
}
