import part from "#shaders/attention/dropout/counter.wgsl";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import { fieldsOf } from "../../../options/checks.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../../define/arguments.ts";
import type { BoundTensor } from "../../define/kernel.ts";
import { type DropoutOptions, dropoutChecks, firstSite } from "../../elementwise/dropout.ts";

// Masks and scores as the kernels use them: a WGSL part with what it reads. FlexAttention calls both "mods".

/** What gradients of a tensor of a user's score need. */
export interface ElementFunctions {
  /** The function of its text that says which element a pair reads, by its name among those of the kernel. */
  readonly element: string;
  /** The part with the score's derivative by that element; default 1. */
  readonly slope?: ShaderModule | undefined;
}

/** A mask or score function ready to be joined with a kernel. */
export interface Mod {
  /** The part that defines it. */
  readonly part: ShaderModule;
  /**
   * The part with those of its parts that nothing else uses: a user's text, or several joined functions. Default the
   * part.
   */
  readonly own?: readonly ShaderModule[];
  /** Fields of its uniform structs, by variable name. */
  readonly uniforms: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Tensors that it reads, by the name of their binding. */
  readonly tensors: Readonly<Record<string, BoundTensor>>;
  /** The part with its derivative by the score before it, where a user's text defines one. */
  readonly derivative?: ShaderModule | undefined;
  /** The tensors of a user's text that have gradients, by their names there. */
  readonly elements?: ReadonlyMap<string, ElementFunctions>;
  /** Maximum number of operations of a user's texts in it for a pair of a query and a key. */
  readonly operations?: number;
}

/** Dropout of attention's weights, for training: returns their factors. `weightDropout` makes it. */
export type WeightDropout = () => Mod;

/** A half-open range of keys. */
export type KeyRange = readonly [first: number, end: number];

/** A mask, with what the CPU can tell without its tensors. */
export interface MaskMod extends Mod {
  /** True if heads may see different keys. */
  readonly byHead: boolean;
  /** True if a query sees all keys of its range, so that a map of tiles would skip no more. */
  readonly closed: boolean;
  /**
   * The keys, out of `keys`, that queries `first` to `last` may see, as `key_range` gives them without reading tensors.
   */
  readonly range: (first: number, last: number, keys: number) => KeyRange;
  /** How many keys a query sees; undefined where only the GPU can tell. */
  readonly count?: ((query: number, keys: number, head: number) => number) | undefined;
}

/** First binding of a mask's resources in group 2, and of a score's. */
export const firstBinding = { mask: 0, score: 16 } as const;

const [tensors, fields] = [tensorFields("key"), fieldsOf(dropoutChecks)];

/**
 * Dropout of attention's weights after their softmax, as an option of `attention`: a weight is 0 with the probability
 * `rate`, and divided by 1 − rate otherwise (PyTorch's `dropout_p`). key u32 `[2]`: a seed and the number of a step,
 * read when the kernels run. Words `2i` and `2i + 1` of the query at position q are those of Threefry-2x32-20 with
 * counter (q, i) and the key of its head, which are the words of key and counter (batch row · heads + head, 16 + site).
 * So it depends neither on the variant nor on its tiles, and gradients, given the same options, drop the same weights.
 * The log-sum-exp is that of all weights.
 */
export function weightDropout(given: { readonly key: Tensor }, options: DropoutOptions): WeightDropout {
  checkCall("weightDropout", tensors, given, fields, options);
  const { key } = given;
  const { rate, site } = options;
  const uniform = { site: firstSite + site, threshold: Math.floor(rate * 2 ** 32), scale: 1 / (1 - rate) };
  const tensor = { tensor: key, pattern: "[2]", types: ["u32"] } as const;
  const mod = { part, uniforms: { dropout_params: uniform }, tensors: { dropoutKey: tensor } };
  return () => mod;
}
