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
  | { readonly kind: "learned" }
  /** Layers with a state, or the causal mask, say what comes before what. */
  | { readonly kind: "none" };

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

/**
 * Layers that carry a state from token to token: a gated DeltaNet (Qwen3-Next), Mamba-2, or a gated short convolution
 * (LFM2). `taps` are the inputs that an output of their convolution sees.
 */
export type StateConfig =
  | {
      readonly kind: "delta-net";
      /** Heads of queries and keys, and of values. */
      readonly heads: number;
      readonly valueHeads: number;
      /** Elements of a key, and of a value. */
      readonly width: number;
      readonly valueWidth: number;
      readonly taps: number;
      /** As in `GatedDeltaNetOptions`. */
      readonly tiled?: boolean;
    }
  | {
      readonly kind: "mamba";
      readonly heads: number;
      /** Elements of a head. */
      readonly headWidth: number;
      /** Groups of heads that share what is written and read. */
      readonly groups: number;
      /** Rows of a head's state. */
      readonly rows: number;
      readonly taps: number;
      /** The norm of the result, before or after its gate, in so many groups; unset: there is none. */
      readonly norm?: { readonly gate: "before" | "after"; readonly groups: number };
      readonly eps: number;
      readonly biases: { readonly convolution: boolean; readonly projections: boolean };
    }
  | { readonly kind: "convolution"; readonly taps: number; readonly biased: boolean };

/** What is at the place of attention in a layer: attention, a layer with a state, or the sum of both. */
export type Mixer = "attention" | "state" | "both";

/** Which projections have a bias. */
interface Biases {
  /** Queries, keys and values; with latent attention, the projections to the vectors that they come from. */
  readonly qkv: boolean;
  /** The output of attention. */
  readonly output: boolean;
  /** Feed-forward layers without experts. */
  readonly feedForward: boolean;
}

/** Factors that a family multiplies the results of its projections by. */
interface Multipliers {
  readonly logits: number;
  /**
   * Of what is added to the residual stream in the definition: it is taken out of the stream here (Granite). Unset, as
   * the following ones: 1.
   */
  readonly residual?: number;
  /** Of attention's result. */
  readonly attention?: number;
  /** Of the parts of a Mamba-2 layer's projection: z, x, B, C, dt. */
  readonly state?: readonly number[];
  readonly stateOut?: number;
  readonly gate?: number;
  readonly down?: number;
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
  /** Factors of results, and of logits, where the family has them; unset: 1. */
  readonly multipliers?: Multipliers;
  /** Layers after the last that predict further tokens; the checkpoint may contain them, and they are not read. */
  readonly predicting?: number;
  /** The layers with a state, all of one kind; unset: there are none. */
  readonly state?: StateConfig;
  /** What each layer has at the place of attention; unset: attention. */
  readonly mixers?: readonly Mixer[];
  /** Attention has gates of its result (see `AttentionShape`). */
  readonly gatedAttention?: boolean;
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
export function widestRow({
  width,
  hidden,
  heads,
  headWidth,
  gatedAttention,
  mixture,
  latent,
  state,
}: DecoderConfig): number {
  // With latent attention, the absorbed query, which is as wide as the cached row.
  const ofHead = latent ? Math.max(headWidth, latent.rank + headWidth - latent.nope) : headWidth;
  const queries = heads * ofHead * (gatedAttention ? 2 : 1);
  return Math.max(width, hidden, queries, mixture?.shared ?? 0, state ? stateRow(state, width) : 0);
}

/** Channels of the convolution of a layer with a state. */
export function stateChannels(state: StateConfig, width: number): number {
  if (state.kind === "convolution") return width;
  if (state.kind === "mamba") return state.heads * state.headWidth + 2 * state.groups * state.rows;
  return 2 * state.heads * state.width + state.valueHeads * state.valueWidth;
}

/** Elements of a token's widest row in a layer with a state. */
export function stateRow(state: StateConfig, width: number): number {
  const channels = stateChannels(state, width);
  if (state.kind === "convolution") return 3 * width;
  return state.kind === "mamba" ? channels + state.heads * (state.headWidth + 1) : channels;
}

/** Indices of the layers with attention, or of those with a state. */
export const layersWith = (
  { layers, mixers }: Pick<DecoderConfig, "layers" | "mixers">,
  which: "attention" | "state",
) =>
  Array.from({ length: layers }, (_, layer) => layer).filter((layer) => {
    const mixer = mixers?.[layer] ?? "attention";
    return mixer === which || mixer === "both";
  });
