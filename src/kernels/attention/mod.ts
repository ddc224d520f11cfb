// Masks and scores as the kernels use them: a WGSL part with what it reads. FlexAttention calls both "mods".
import type { ShaderModule } from "../../gpu/shader-module.ts";
import type { BoundTensor } from "../kernel.ts";

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
  /** Maximum number of operations that texts of a user make in it of a pair of a query and a key. */
  readonly operations?: number;
}

/** Dropout of attention's weights, of training alone: gives what multiplies them. `weightDropout` makes it. */
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
