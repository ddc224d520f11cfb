import type { Activation } from "../../blocks/activations.ts";
import type { MixtureShape } from "../../blocks/mixture.ts";
import type { RopeScaling } from "../../kernels/rope/scaling.ts";

/** Rotary or learned positions. */
export type Positions =
  | {
      readonly kind: "rope";
      readonly theta: number;
      /** Rotated elements of each head. */
      readonly width: number;
      readonly scaling: RopeScaling;
      readonly layout: "halves" | "interleaved";
      /** Base and scaling of the layers with a window, if they rotate by other frequencies (Gemma 3, OLMo 3). */
      readonly local?: { readonly theta: number; readonly scaling: RopeScaling };
    }
  | { readonly kind: "learned" };

/** The experts of a decoder's layers: their number and widths, how they are chosen and what they compute. */
export interface MixtureConfig extends MixtureShape {
  /** Experts of a layer, e. */
  readonly experts: number;
  /** Feed-forward width of one expert, f. */
  readonly hidden: number;
  /** Feed-forward width of the shared expert; unset: there is none. */
  readonly shared?: number;
  /** Indices of layers that have a dense feed-forward layer instead; unset: none. */
  readonly dense?: readonly number[];
}

/**
 * Latent attention (DeepSeek-V2): keys and values of all heads come from one vector per token, which is cached with the
 * rotated key that heads share.
 */
interface LatentConfig {
  /** Width of the vector that queries come from; unset: they come from the residual stream. */
  readonly queryRank?: number;
  /** Width of the vector that keys and values come from. */
  readonly rank: number;
  /** Elements of a head that are not rotated; the rotated ones, as many as positions say, follow them. */
  readonly nope: number;
  /** Elements of a head's value. */
  readonly valueWidth: number;
  /** Epsilon of the norms of both vectors. */
  readonly eps: number;
}

/** Which projections have a bias. */
interface Biases {
  /** Queries, keys and values; with latent attention, the projections to the vectors that they come from. */
  readonly qkv: boolean;
  /** The output of attention. */
  readonly output: boolean;
  /** Feed-forward layers without experts. */
  readonly feedForward: boolean;
}

/** The settings of a decoder of any family, from any file format. */
export interface DecoderConfig {
  readonly architecture: string;
  /** Rows of the embedding. */
  readonly vocabulary: number;
  /** Model width, c. */
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  /** Feed-forward width, f, of layers without experts. */
  readonly hidden: number;
  /** Experts in place of feed-forward layers; the family's sources say which layers have them. */
  readonly mixture?: MixtureConfig;
  /** Longest sequence in tokens. */
  readonly context: number;
  readonly norm: "rms" | "layer";
  readonly eps: number;
  /** `post`: norms follow the additions of both sublayers (GPT-1). Unset or `pre`: they precede the sublayers. */
  readonly norms?: "pre" | "post";
  readonly activation: Activation;
  readonly gated: boolean;
  /** Which projections have a bias, if a setting decides this; unset: none, or as the family defines. */
  readonly biases?: Biases;
  /** True when the head is the embedding. */
  readonly tied: boolean;
  readonly positions: Positions;
  /** Layers whose queries and keys are not rotated; unset: none. */
  readonly unrotated?: readonly number[];
  /** Number of keys that a query sees in each layer, its own included; undefined: all keys up to its own. */
  readonly windows: readonly (number | undefined)[];
  /** Factor of the attention scores, if it is not `1/√headWidth`. */
  readonly scales?: readonly number[];
  /** Attention scores are soft-capped at this by tanh (Gemma 2); unset: no cap. */
  readonly scoreCap?: number;
  /** Logits are soft-capped at this by tanh (Gemma 2); unset: no cap. */
  readonly logitCap?: number;
  /** Factor of the token embeddings, not applied in the head; unset: 1. */
  readonly embeddingScale?: number;
  /** Layers after the last that predict further tokens; the checkpoint may contain them, and they are not read. */
  readonly predicting?: number;
  /** Latent attention, whose heads have keys of `headWidth` elements and share one cached key. */
  readonly latent?: LatentConfig;
}

/** Where a config comes from, for messages. */
export interface ConfigOrigin {
  readonly file: string;
  /** The file's own names for fields of a `config.json`, if they differ. */
  readonly names: Readonly<Record<string, string>>;
}

/** In a separate file. */
export const configJson: ConfigOrigin = { file: "config.json", names: {} };

/** Elements of a token's widest row of activations, outside of routed experts. */
export function widestRow({ width, hidden, heads, headWidth, mixture, latent }: DecoderConfig): number {
  // With latent attention, the absorbed query, which is as wide as the cached row.
  const ofHead = latent ? Math.max(headWidth, latent.rank + headWidth - latent.nope) : headWidth;
  return Math.max(width, hidden, heads * ofHead, mixture?.shared ?? 0);
}
