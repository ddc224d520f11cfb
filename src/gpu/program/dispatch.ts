import type { Shader } from "../shader/specialise.ts";
import type { Storage } from "../storage.ts";

/** The cost of a dispatch. "Compulsory" counts each element once, "requested" every load and store executed. */
export interface Cost {
  /** Floating-point operations that the result needs (a fused multiply-add is two). */
  readonly flops: number;
  /** Operations that the kernel executes, padding and masked work included. */
  readonly executedFlops?: number;
  /** Bytes moved if each element of each binding moved once. */
  readonly compulsoryBytes: number;
  readonly requestedBytes?: number;
}

/** A range of storage at one binding of a shader. */
export interface Binding {
  readonly group: number;
  readonly binding: number;
  readonly name: string;
  readonly access: "read" | "read_write";
  readonly storage: Storage;
  /** Bytes from the start of the storage; a multiple of 256. */
  readonly offset: number;
  readonly bytes: number;
  /** Shape as the inspector shows it. */
  readonly shape: readonly number[];
}

/** The scalars of one uniform struct, by field name. */
export interface Uniform {
  readonly group: number;
  readonly binding: number;
  readonly name: string;
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly values: Readonly<Record<string, number>>;
}

/** One run of one shader. */
export interface Dispatch {
  readonly kernel: string;
  readonly shader: Shader;
  readonly bindings: readonly Binding[];
  readonly uniforms: readonly Uniform[];
  /** The grid, or its maximum where it is read from memory. */
  readonly workgroups: readonly [number, number, number];
  /** Where the GPU reads the grid: three u32 from this byte on, in a storage that is also among the bindings. */
  readonly indirect?: { readonly storage: Storage; readonly offset: number };
  readonly cost: Cost;
}

/** A use of an op, before anything is computed. */
export interface CallHeading {
  readonly op: string;
  readonly variant: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The function that was called, by which differentiation finds its backward. */
  readonly by?: object;
  /** The tensors that it was called with, by name or in a list. */
  readonly tensors?: object;
}

/** One use of an op: its arguments, its result, and the dispatches that compute it. */
export interface Call extends CallHeading {
  /** What the op returned; unset while it records. */
  result?: unknown;
  /** The call that it computes a gradient of. */
  of?: Call;
  /** The call that it computes a second time, so that the first result need not be kept until then. */
  again?: Call;
  readonly dispatches: Dispatch[];
}

/** A copy between storages inside a program, in order with its dispatches. */
export interface Copy {
  readonly from: Storage;
  readonly fromOffset: number;
  readonly to: Storage;
  readonly toOffset: number;
  readonly bytes: number;
}
