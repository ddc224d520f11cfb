import type { Facts } from "../facts.ts";

/**
 * What a tensor of a GGUF file is in Hugging Face's files. A string is just the other name. In names, `*` is a number,
 * the same in both.
 */
export type TensorRule =
  | string
  /** Rows of each head are in another order: rotated pairs are adjacent. */
  | { readonly kind: "heads"; readonly to: string; readonly of: "heads" | "kvHeads" }
  /** One tensor for each of the matrices that are stacked; `#` in `to` is its number. */
  | { readonly kind: "experts"; readonly to: string }
  /** The transposed matrix. */
  | { readonly kind: "transposed"; readonly to: string }
  /** A norm's weight, stored plus 1. */
  | { readonly kind: "norm"; readonly to: string }
  /** A vector that is a matrix of one row. */
  | { readonly kind: "row"; readonly to: string }
  /** A matrix that has a middle axis of 1. */
  | { readonly kind: "squeezed"; readonly to: string }
  /** A vector that is a matrix of one row or one column. */
  | { readonly kind: "flat"; readonly to: string; readonly as: "row" | "column" }
  /** Logarithms, stored as their negated exponentials: a vector, or a matrix of one column. */
  | { readonly kind: "decay"; readonly to: string; readonly as?: "column" }
  /**
   * The value heads of a gated DeltaNet are in another order: the first of each key head, then the second of each, …
   * Otherwise as the rule `as`.
   */
  | {
      readonly kind: "tiled";
      readonly to: string;
      readonly along: "rows" | "columns";
      readonly as?: "squeezed" | "decay";
    }
  /** Written from rows of the tensor `from`, as are those of the tensor `and`: there, both are grouped by key heads. */
  | { readonly kind: "unpacked"; readonly to: string; readonly from: string; readonly and: string }
  /** A matrix above that of the tensor `and`, or each of several matrices above the other's. */
  | { readonly kind: "stacked"; readonly to: string; readonly and: string }
  /** Elements that alternate with those of the tensor `and`. */
  | { readonly kind: "alternating"; readonly to: string; readonly and: string }
  /** Keys of each head, transposed; the values of each head are the tensor `and`. */
  | { readonly kind: "latent"; readonly to: string; readonly and: string };

/** Rules by the names of GGUF's tensors. */
export type TensorRules = Readonly<Record<string, TensorRule>>;

/** Which layers readers assume to have a window, by the architecture's name. */
export interface WindowRule {
  /** Layers whose number, counted from 1, is a multiple of this have none; unset: all have one. */
  readonly period?: number;
  /** Layers have windows even if no key says so. */
  readonly always?: boolean;
}

/** How a GGUF file of an architecture is read as Hugging Face's files. */
export interface GgufArchitecture {
  /** The value of `general.architecture`. */
  readonly name: string;
  /** Hugging Face architectures that are written as this one. */
  readonly classes: readonly string[];
  /** The fields of `config.json` that are metadata keys, without the architecture's prefix. */
  readonly keys: Readonly<Record<string, string>>;
  /** The other fields, and those of `keys` that must be changed. */
  readonly fields: (facts: Facts) => Readonly<Record<string, unknown>>;
  /** Tensors outside the layers. */
  readonly outer: TensorRules;
  /** Prefix of a layer's tensor names in Hugging Face's files, with the layer's number for `*`. */
  readonly layer: string;
  /** Tensors of a layer, without the prefix `blk.N.`. */
  readonly inner: TensorRules;
  /** Rules that come first where layers have experts, as other tensors have the same names in Hugging Face's files. */
  readonly innerOfExperts?: TensorRules;
  /** Which layers have the window of `attention.sliding_window`; unset: files have no key for windows. */
  readonly windows?: WindowRule;
  /** Names of tensors that affect the config and are read with it. */
  readonly read?: readonly string[];
}
