// Runs workgroups: their strands in turn from barrier to barrier.
import type { Code } from "../lower/code.ts";
import type { EntryPoint } from "../program.ts";
import { type Divergence, missingLanes, missingStrands } from "./divergence.ts";
import { fillInput, fillPrivate } from "./inputs.ts";
import { type Machine, runStrand } from "./machine.ts";
import type { Memory } from "./state.ts";
import { newStrand, restart, type Strand } from "./strand.ts";

/** All that a workgroup runs with. */
export interface Dispatch {
  readonly entry: EntryPoint;
  readonly code: Code;
  readonly machine: Machine;
  readonly workgroups: readonly [number, number, number];
  /** Memory that each workgroup has for itself. */
  readonly own: readonly Memory[];
  readonly strands: readonly Strand[];
}

/** Strands of so many lanes each; the last one may have fewer. */
export function strandsOf(lanes: number, width: number, depth: number): Strand[] {
  const strands: Strand[] = [];
  for (let first = 0; first < lanes; first += width) {
    strands.push(newStrand(first, Math.min(first + width, lanes), depth));
  }
  return strands;
}

/** Every workgroup of a grid, in ascending order. */
export function* placesOf([columns, rows, layers]: Dispatch["workgroups"]): Generator<[number, number, number]> {
  for (let z = 0; z < layers; z++) {
    for (let y = 0; y < rows; y++) {
      for (let x = 0; x < columns; x++) yield [x, y, z];
    }
  }
}

/** Runs all workgroups in ascending order; the first divergence, which ends the run. */
export function runWorkgroups(dispatch: Dispatch): Divergence | undefined {
  for (const place of placesOf(dispatch.workgroups)) {
    const found = runWorkgroup(dispatch, place);
    if (found) return found;
  }
  return undefined;
}

/** Puts a workgroup at its start. */
export function startWorkgroup(dispatch: Dispatch, workgroup: readonly [number, number, number]): void {
  const { machine, strands } = dispatch;
  machine.state.workgroup = workgroup;
  for (const { workgroup: starts } of machine.observers) starts?.();
  prepare(dispatch);
  for (const strand of strands) restart(strand);
}

function runWorkgroup(dispatch: Dispatch, workgroup: readonly [number, number, number]): Divergence | undefined {
  const { machine, strands } = dispatch;
  startWorkgroup(dispatch, workgroup);
  for (;;) {
    for (const strand of strands) {
      const missing = strand.status === "ready" ? runReady(machine, strand) : undefined;
      if (missing) return missing;
    }
    if (haveEnded(strands)) return undefined;
    const missing = release(machine, strands);
    if (missing) return missing;
  }
}

/** Runs a strand that is ready until it waits, pauses or ends; what is wrong if it waits without some of its lanes. */
export function runReady(machine: Machine, strand: Strand): Divergence | undefined {
  runStrand(machine, strand);
  return isIncomplete(strand) ? missingLanes(machine, strand) : undefined;
}

export const haveEnded = (strands: readonly Strand[]): boolean => strands.every(({ status }) => status === "ended");

/** Lets strands, none of which is ready, leave their barrier; what is wrong if they do not wait at the same one. */
export function release(machine: Machine, strands: readonly Strand[]): Divergence | undefined {
  const missing = missingStrands(machine, strands);
  if (!missing) goOn(machine, strands);
  return missing;
}

/** Whether a strand waits without some of its lanes. */
const isIncomplete = ({ status, length, bounds, first, end }: Strand): boolean =>
  status === "waiting" && (length > 2 || bounds[0] !== first || bounds[1] !== end);

/** Lets strands leave the barrier that all of them have reached. What it loads, it loads before any of them goes on. */
function goOn({ state: { active }, actions, operations, observers }: Machine, strands: readonly Strand[]): void {
  const operation = operations[(strands[0] as Strand).position];
  const isLoading = operation?.kind === "barrier" && operation.loads.length > 0;
  const tell = () => {
    if (operation?.kind === "barrier") for (const { barrier } of observers) barrier?.(operation.of);
  };
  tell();
  for (const strand of strands) {
    active.bounds.set(strand.bounds.subarray(0, strand.length));
    active.length = strand.length;
    for (const action of actions[strand.position] ?? []) action();
    strand.position++;
    strand.status = "ready";
  }
  if (isLoading) tell();
}

/** Workgroup memory is zero, private variables have their initial values, the entry point its arguments. */
function prepare({ entry, code, machine: { state }, workgroups, own }: Dispatch): void {
  for (const { u16 } of own) u16.fill(0);
  for (const { variable, initial } of code.privates) {
    fillPrivate(state, code.variables.get(variable) ?? 0, variable, initial);
  }
  for (const { variable, inputs } of entry.parameters) {
    let slot = code.variables.get(variable) ?? 0;
    for (const input of inputs) {
      fillInput(state, slot, input, entry.workgroupSize, workgroups, variable.span.at);
      slot += input.type.slots;
    }
  }
}
