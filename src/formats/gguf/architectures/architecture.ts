import type { Facts } from "../facts.ts";

/**
 * What a tensor of a GGUF file is in the terms of Hugging Face's files. A text is the other's name alone. In names, `*` is
 * a number, the same in both.
 */
export type TensorRule =
  | string
  /** Rows of each head are in another order: rotated pairs lie next to one another. */
  | { readonly kind: "heads"; readonly to: string; readonly of: "heads" | "kvHeads" }
  /** One tensor for each of the matrices that are stacked; `#` in `to` is its number. */
  | { readonly kind: "experts"; readonly to: string }
  /** The transposed matrix. */
  | { readonly kind: "transposed"; readonly to: string }
  /** A norm's weight, to which the file has 1 added. */
  | { readonly kind: "norm"; readonly to: string }
  /** A vector that is a matrix of one row. */
  | { readonly kind: "row"; readonly to: string }
  /** Elements that alternate with those of the tensor `and`. */
  | { readonly kind: "alternating"; readonly to: string; readonly and: string }
  /** Keys of each head, transposed; the values of each head are the tensor `and`. */
  | { readonly kind: "latent"; readonly to: string; readonly and: string };

/** Rules by the names of GGUF's tensors. */
export type TensorRules = Readonly<Record<string, TensorRule>>;

/** What readers take layers with a window to be by the architecture's name. */
export interface WindowRule {
  /** Layers whose number, from 1, is a multiple of this have none; unset: all have one. */
  readonly period?: number;
  /** Layers have windows also where no key says so. */
  readonly always?: boolean;
}

/** How a GGUF file of an architecture is read as Hugging Face's files. */
export interface GgufArchitecture {
  /** The value of `general.architecture`. */
  readonly name: string;
  /** Architectures of Hugging Face's files that are written as it. */
  readonly classes: readonly string[];
  /** The fields of `config.json` that are keys of the metadata, without the name of the architecture in front. */
  readonly keys: Readonly<Record<string, string>>;
  /** The other fields, and those of `keys` that have to be changed. */
  readonly fields: (facts: Facts) => Readonly<Record<string, unknown>>;
  /** Tensors outside of the layers. */
  readonly outer: TensorRules;
  /** What is in front of the names of a layer's tensors in Hugging Face's files, with the layer's number for `*`. */
  readonly layer: string;
  /** Tensors of a layer, without the `blk.N.` in front. */
  readonly inner: TensorRules;
  /** Which layers have the window of `attention.sliding_window`; unset: files have no key for windows. */
  readonly windows?: WindowRule;
  /** Names of tensors that change the config, and are read with it. */
  readonly read?: readonly string[];
}
