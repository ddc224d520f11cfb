import type { Gpu } from "../../../gpu/gpu.ts";
import type { ShaderModule } from "../../../gpu/shader/shader-module.ts";
import type { Checks } from "../../../options/checks.ts";
import type { Tensor } from "../../../tensor/tensor.ts";

/** Uniform structs by the name of their variable. */
type Uniforms = Record<string, Record<string, number>>;

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

/** A number after the name of a layout where it is written: `paged:16`. */
interface LayoutNumber {
  readonly min: number;
  /** A value that suits a few hundred keys. */
  readonly usual: number;
  /** Its value where it is left out; without one, the layout's own choice for a call. */
  readonly otherwise?: number;
}

/** The numbers that were written, by name. */
export type LayoutNumbers = Readonly<Record<string, number | undefined>>;

/** Queries and keys of a sequence; the last query is at the last key's position. */
export interface SequenceSize {
  readonly t: number;
  readonly s: number;
}

/** Where the keys of some sequences are: the definition that the kernels are compared with. */
export interface LaidOut<L> {
  /** Rows of the cache, and slots of each. */
  readonly rows: number;
  readonly slots: number;
  /** Row and slot of a sequence's key; undefined for a key that the cache has lost. */
  readonly slotOf: (sequence: number, key: number) => readonly [row: number, slot: number] | undefined;
  /** The argument of attention, for a cache of these rows. */
  readonly layout: (gpu: Gpu) => L;
  /** Elements of the layout's tensors that are read for a sequence; `seen` marks the keys that count. */
  readonly entries?: (sequence: number, seen: Uint8Array) => number;
}

/** One layout of keys and values; `L` is the argument that selects it. */
export interface LayoutRecord<L> {
  readonly name: string;
  /** Checks of the fields of its argument other than `kind`; absent where the argument is the name. */
  readonly fields?: Checks<Omit<L, "kind">>;
  /** The numbers written after its name, in order; those at the end may be left out. */
  readonly numbers: Readonly<Record<string, LayoutNumber>>;
  /** Why there is no layout of these numbers. */
  readonly misfit?: (numbers: LayoutNumbers) => string | undefined;
  /** Lays out sequences, all of one size unless the layout defines where they begin and end (`extent`). */
  readonly layOut: (sequences: readonly SequenceSize[], numbers: LayoutNumbers) => LaidOut<L>;
  /** True where memory may continue after the last key, so that keys and values may be views of longer ones. */
  readonly openEnded?: boolean;
  /**
   * How attention reads: the part that finds a key (slot `attention/address`), and its uniforms for keys of this shape.
   */
  readonly read: {
    readonly address: ShaderModule;
    readonly uniforms: (layout: L, keys: readonly number[], sizes: LayoutSizes) => Uniforms;
  };
  /**
   * How a cache is written: the part that finds a row (slot `kv-cache/slot`), and its uniforms. Absent: nothing
   * appends.
   */
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
