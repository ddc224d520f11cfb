import type { ShaderModule } from "../../../gpu/shader-module.ts";
import type { Tensor } from "../../../tensor/tensor.ts";

/** Uniform structs by the name of their variable. */
export type Uniforms = Record<string, Record<string, number>>;

/** The tensors of an attention whose keys and values lie in a layout. */
export interface LaidTensors {
  readonly q: Tensor;
  readonly k: Tensor;
  readonly step?: Tensor | undefined;
}

/** What attention and its grids need to know of keys and values that lie so. */
export interface LayoutSizes {
  /** Batch rows, or sequences of a ragged batch. */
  readonly sequences: number;
  /** Keys that a sequence can have. */
  readonly capacity: number;
}

/** One way in which keys and values lie in memory; `L` is what callers pass to choose it. */
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
  /** The part that says where sequences begin and end (slot `lib/extent`), for a layout that says so itself. */
  readonly extent?: ShaderModule;
  /** True where key i of batch row b stands at position i of that row: tensors of masks are read by row and position. */
  readonly inOrder: boolean;
  /** The longest sequence, where it may be longer than the memory it has. */
  readonly longest?: number;
  /** The tensors of u32 that it brings, by the name of their binding. */
  readonly tensors: (layout: L) => Readonly<Record<string, Tensor>>;
  /**
   * The sequences, and the positions that each has room for, of a cache with these keys and so many batch rows. Throws
   * `ShapeError`, for `what`, where the layout and the keys contradict one another.
   */
  readonly sizes: (what: string, layout: L, keys: Tensor, batch: number) => LayoutSizes;
  /** Checks of the other tensors. Throws `ShapeError`. */
  readonly check?: (what: string, layout: L, tensors: LaidTensors) => void;
  /** Queries and keys of each sequence, where they differ and the CPU knows them. */
  readonly lengths?: (layout: L) => readonly (readonly [queries: number, keys: number])[] | undefined;
}
