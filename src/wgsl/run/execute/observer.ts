// What watches a run: counters, the detector of races. A plain run has no observers and pays nothing for them.
import type { Instruction, Operation } from "../lower/code.ts";
import { type Action, forEachLane, type State } from "./state.ts";

/** An instruction that accesses a buffer or workgroup memory. */
export type Access = Extract<Instruction, { kind: "load" | "store" | "atomic" }>;

/** Watches a run. All methods are optional. */
export interface Observer {
  /** Called once, before the first workgroup. */
  readonly begin?: (state: State) => void;
  /** Called before each workgroup. */
  readonly workgroup?: () => void;
  /** What happens before an access, for the active lanes of one strand. */
  readonly access?: (state: State, access: Access) => Action;
  /** What happens before the instructions of an operation. */
  readonly run?: (state: State, operation: Extract<Operation, { kind: "run" }>) => Action;
  /** Called when all strands of a workgroup go on after a barrier, and again after what it loads. */
  readonly barrier?: (of: "workgroup" | "storage" | "texture") => void;
  /** Called where lanes of one strand part: some take a branch, or leave a loop, and others do not. */
  readonly parted?: (at: number) => void;
}

export const isAccess = ({ kind }: Instruction): boolean => kind === "load" || kind === "store" || kind === "atomic";

/** Visits the active lanes in order, each with the first byte that it accesses; −1 is out of bounds. */
export function forEachAddress(
  state: State,
  { site: { address, offset } }: Access,
  visit: (lane: number, byte: number) => void,
): Action {
  const base = address === undefined ? -1 : address * state.width;
  const visitLane = (lane: number): void => {
    const found = base < 0 ? 0 : (state.i32[base + lane] as number);
    visit(lane, found < 0 ? -1 : found + offset);
  };
  return () => forEachLane(state.active, visitLane);
}
