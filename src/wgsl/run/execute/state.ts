import type { Variable } from "../program.ts";
import type { ScalarName } from "../types.ts";

/** Lanes in ascending order, as runs: lanes from `bounds[0]` to before `bounds[1]`, from `bounds[2]` on, and so forth. */
export interface Lanes {
  readonly bounds: Int32Array;
  /** How many bounds there are: two for each run. */
  length: number;
}

/** Bytes of a buffer, or of a variable in workgroup memory. */
export interface Memory {
  readonly bytes: number;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly u16: Uint16Array;
}

/** What a `print` statement showed for one lane. */
export interface Print {
  /** `local_invocation_index` of the lane. */
  readonly lane: number;
  /** `workgroup_id` of its workgroup. */
  readonly workgroup: readonly [number, number, number];
  /** The statement, in characters from the start of the text. */
  readonly at: number;
  /** How many steps had been taken. */
  readonly step: number;
  /** Scalars in order; booleans are 0 and 1. */
  readonly values: readonly number[];
}

/** What instructions read and write. Slot s of lane l is at `s·width + l` of each of the three views of one buffer. */
export interface State {
  /** Lanes of a workgroup. */
  readonly width: number;
  readonly f32: Float32Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  /** Lanes that are active. */
  readonly active: Lanes;
  readonly memory: ReadonlyMap<Variable, Memory>;
  readonly subgroupSize: number;
  /** `local_invocation_index` of each lane: subgroups have neighbouring lanes. */
  readonly threads: Uint16Array;
  /** Positions of accesses out of bounds. */
  readonly outOfBounds: Set<number>;
  readonly prints: Print[];
  readonly mostPrints: number;
  droppedPrints: number;
  workgroup: readonly [number, number, number];
  steps: number;
}

/** What an instruction does. */
export type Action = () => void;

/**
 * Computes slot `to` of the lanes from `first` to before `end` from slots `a`, `b` and `c`, all given by their indices of
 * lane 0. It is a function of its own because engines keep what a function is called with in registers, but not what a
 * closure refers to.
 */
export type Loop = (state: State, first: number, end: number, to: number, a: number, b: number, c: number) => void;

/** A loop over certain slots, for each run of active lanes. */
export const actionOf =
  (loop: Loop, state: State, to: number, a: number, b = 0, c = 0): Action =>
  () =>
    runLoop(loop, state, to, a, b, c);

/** Runs a loop for each run of active lanes. */
export function runLoop(loop: Loop, state: State, to: number, a: number, b: number, c: number): void {
  const { bounds, length } = state.active;
  for (let run = 0; run < length; run += 2) {
    loop(state, bounds[run] as number, bounds[run + 1] as number, to, a, b, c);
  }
}

/** The view through which a slot of this type is read and written; f16 is rounded before it is written. */
export function viewOf({ f32, i32, u32 }: State, scalar: ScalarName): Float32Array | Int32Array | Uint32Array {
  if (scalar === "i32" || scalar === "abstract-int") return i32;
  return scalar === "u32" || scalar === "bool" ? u32 : f32;
}

/** Memory over a buffer. Words that it holds only a part of are never accessed. */
export function memoryOver(buffer: ArrayBuffer): Memory {
  const bytes = buffer.byteLength;
  return {
    bytes,
    i32: new Int32Array(buffer, 0, Math.floor(bytes / 4)),
    u32: new Uint32Array(buffer, 0, Math.floor(bytes / 4)),
    u16: new Uint16Array(buffer, 0, Math.floor(bytes / 2)),
  };
}

/** The memory of a variable. */
export function memoryOf({ memory }: State, variable: Variable): Memory {
  const found = memory.get(variable);
  if (!found) throw new Error(`no memory of ${variable.name}`);
  return found;
}

/** Calls a function for each active lane, in order. For what is seldom run: it is slower than a loop of its own. */
export function forEachLane({ bounds, length }: Lanes, visit: (lane: number) => void): void {
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let lane = bounds[run] as number; lane < end; lane++) visit(lane);
  }
}
