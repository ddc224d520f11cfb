import type { ShaderModule } from "../../../gpu/shader-module.ts";
import type { Tensor } from "../../../tensor/tensor.ts";

/** Uniform structs by the name of their variable. */
export type Uniforms = Record<string, Record<string, number>>;

/** The tensors of attention over keys and values in a layout. */
export interface LaidTensors {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly step?: Tensor | undefined;
}

/** The sizes of keys and values that attention and its grids need. */
export interface LayoutSizes {
  /** Batch rows, or sequences of a ragged batch. */
  readonly sequences: number;
  /** Maximum number of keys of a sequence. */
  readonly capacity: number;
}

/** One layout of keys and values; `L` is the argument that selects it. */
export interface LayoutRecord<L> {
  readonly name: string;
  /** How attention reads: the part that finds a key (slot `attention/address`), and its uniforms for keys of this shape. */
  readonly read: {
    readonly address: ShaderModule;
    readonly uniforms: (layout: L, keys: readonly number[], sizes: LayoutSizes) => Uniforms;
  };
  /** How a cache is written: the part that finds a row (slot `kv-cache/slot`), and its uniforms. Absent: nothing appends. */
  readonly write?: {
    readonly slot: ShaderModule;
    readonly uniforms: (layout: L, rows: number) => Uniforms;
  };
  /** The part that gives where sequences begin and end (slot `lib/extent`), for a layout that defines that itself. */
  readonly extent?: ShaderModule;
  /** True where key i of batch row b is at position i of that row: tensors of masks are read by row and position. */
  readonly inOrder: boolean;
  /** The longest sequence, where it may be longer than the memory it has. */
  readonly longest?: number;
  /** Its u32 tensors, by the name of their binding. */
  readonly tensors: (layout: L) => Readonly<Record<string, Tensor>>;
  /**
   * The sequences, and the capacity of each, of a cache with these keys and this many batch rows. Throws `ShapeError`,
   * for `what`, where the layout and the keys contradict one another.
   */
  readonly sizes: (what: string, layout: L, keys: Tensor, batch: number) => LayoutSizes;
  /** Checks of the other tensors. Throws `ShapeError`. */
  readonly check?: (what: string, layout: L, tensors: LaidTensors) => void;
  /** Queries and keys of each sequence, where they differ and the CPU knows them. */
  readonly lengths?: (layout: L) => readonly (readonly [queries: number, keys: number])[] | undefined;
}
