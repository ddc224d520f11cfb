// What a mask and a score are to the kernels: a part of WGSL with what it reads. FlexAttention calls both "mods".
import type { ShaderModule } from "../../gpu/shader-module.ts";
import type { Brought } from "../kernel.ts";

/** A mask or score function ready to be joined with a kernel. */
export interface Mod {
  /** The part that holds it. */
  readonly part: ShaderModule;
  /** The part and those of its parts that nothing else uses: a user's text, or several functions made one. Default the part. */
  readonly own?: readonly ShaderModule[];
  /** Fields of its uniform structs, by variable name. */
  readonly uniforms: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** Tensors that it reads, by the name of their binding. */
  readonly tensors: Readonly<Record<string, Brought>>;
}

/** A half-open range of keys. */
export type KeyRange = readonly [first: number, end: number];

/** A mask, and what the CPU knows of it without its tensors. */
export interface MaskMod extends Mod {
  /** True if heads may see different keys. */
  readonly byHead: boolean;
  /** True if a query sees all keys of its range: a map of tiles would find nothing more to leave out. */
  readonly closed: boolean;
  /** The keys that queries `first` to `last` may see of `keys` there are: as `key_range` has it, tensors unread. */
  readonly range: (first: number, last: number, keys: number) => KeyRange;
  /** How many keys a query sees; undefined where only the GPU can say. */
  readonly count?: ((query: number, keys: number, head: number) => number) | undefined;
}

/** Binding of group 2 that a mask's resources begin at, and a score's. */
export const firstBinding = { mask: 0, score: 16 } as const;
