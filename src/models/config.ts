import type { Activation } from "../blocks/feed-forward.ts";
import type { MixtureShape } from "../blocks/mixture.ts";
import { FormatError } from "../formats/format-error.ts";
import type { RopeScaling } from "../kernels/rope/scaling.ts";

/** Rotary or learned positions. */
export type Positions =
  | {
      readonly kind: "rope";
      readonly theta: number;
      /** Rotated elements of each head. */
      readonly width: number;
      readonly scaling: RopeScaling;
      readonly layout: "halves" | "interleaved";
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
export interface LatentConfig {
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

/** The settings of a decoder, whatever its family and file. */
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
  readonly activation: Activation;
  readonly gated: boolean;
  /** True when queries, keys and values must have biases; else they have those of the checkpoint. */
  readonly qkvBias?: boolean;
  /** True when the head is the embedding. */
  readonly tied: boolean;
  readonly positions: Positions;
  /** Number of keys that a query sees in each layer, its own included; undefined: all up to it. */
  readonly windows: readonly (number | undefined)[];
  /** Factor of the attention scores, where it is not `1/√headWidth`. */
  readonly scales?: readonly number[];
  /** Latent attention, whose heads have keys of `headWidth` elements and share one cached key. */
  readonly latent?: LatentConfig;
}

/** Elements of a token's widest row of activations, outside of routed experts. */
export function widestRow({ width, hidden, heads, headWidth, mixture, latent }: DecoderConfig): number {
  // With latent attention, the absorbed query, which is as wide as the cached row.
  const ofHead = latent ? Math.max(headWidth, latent.rank + headWidth - latent.nope) : headWidth;
  return Math.max(width, hidden, heads * ofHead, mixture?.shared ?? 0);
}

/** Fields of a `config.json`, checked as they are read; errors name the file and the field. */
export interface ConfigReader {
  readonly raw: Readonly<Record<string, unknown>>;
  /** A positive integer up to `most`; `fallback` where absent or null. */
  integer(name: string, fallback?: number, most?: number): number;
  /** A finite number. */
  number(name: string, fallback?: number): number;
  boolean(name: string, fallback: boolean): boolean;
  text(name: string, fallback?: string): string;
  fail(name: string, problem: string): never;
}

/** Reads fields of the parsed `config.json`. */
export function readConfig(raw: Readonly<Record<string, unknown>>, file = "config.json"): ConfigReader {
  const fail = (name: string, problem: string): never => {
    throw new FormatError(file, problem, { field: name });
  };
  const present = <T>(name: string, fallback: T | undefined): unknown | T => {
    const value = Object.hasOwn(raw, name) ? raw[name] : undefined;
    if (value !== undefined && value !== null) return value;
    return fallback === undefined ? fail(name, "is missing") : fallback;
  };
  return {
    raw,
    fail,
    integer(name, fallback, most = 2 ** 31) {
      const value = present(name, fallback);
      if (typeof value !== "number" || !Number.isInteger(value) || value <= 0 || value > most) {
        return fail(name, `is ${JSON.stringify(value)}, expected an integer from 1 to ${most}`);
      }
      return value;
    },
    number(name, fallback) {
      const value = present(name, fallback);
      if (typeof value !== "number" || !Number.isFinite(value)) {
        return fail(name, `is ${JSON.stringify(value)}, expected a number`);
      }
      return value;
    },
    boolean(name, fallback) {
      const value = present(name, fallback);
      if (typeof value !== "boolean") return fail(name, `is ${JSON.stringify(value)}, expected true or false`);
      return value;
    },
    text(name, fallback) {
      const value = present(name, fallback);
      if (typeof value !== "string") return fail(name, `is ${JSON.stringify(value)}, expected a string`);
      return value;
    },
  };
}

const activations: Readonly<Record<string, Activation>> = {
  silu: "silu",
  swish: "silu",
  gelu: "gelu",
  gelu_new: "gelu-tanh",
  gelu_pytorch_tanh: "gelu-tanh",
  gelu_fast: "gelu-tanh",
  quick_gelu: "quick-gelu",
};

/** The activation that a config names in `field`. */
export function readActivation(config: ConfigReader, field: string, fallback: string): Activation {
  const name = config.text(field, fallback);
  const known = Object.hasOwn(activations, name) ? activations[name] : undefined;
  return known ?? config.fail(field, `is ${name}, known are ${Object.keys(activations).join(", ")}`);
}

/** Throws `FormatError` unless `heads` is a multiple of `kvHeads`. */
export function checkHeads(config: ConfigReader, heads: number, kvHeads: number, field: string): void {
  if (heads % kvHeads !== 0) config.fail(field, `is ${kvHeads}, which does not divide ${heads} query heads`);
}
