// The workgroup that is stepped through: its state, the snapshots of it, and how it goes from one step to another.
import type { Divergence } from "../execute/divergence.ts";
import { type Machine, newMachine } from "../execute/machine.ts";
import type { Observer } from "../execute/observer.ts";
import type { Makers } from "../execute/plain.ts";
import type { Memory } from "../execute/state.ts";
import type { Strand } from "../execute/strand.ts";
import { type Dispatch, release, runReady, startWorkgroup } from "../execute/workgroups.ts";
import type { Variable } from "../program.ts";
import type { AccessLog } from "./accesses.ts";
import {
  type Area,
  keep,
  latest,
  newSnapshots,
  restore,
  type Snapshot,
  type Snapshots,
  snapshotOf,
} from "./snapshots.ts";

/** A workgroup and its past. The step that it is at is `dispatch.machine.state.steps`. */
export interface Lens {
  readonly dispatch: Dispatch;
  readonly log: AccessLog;
  /** Content of strands that is no array: five numbers each, then how many barriers they have left. */
  readonly registers: Int32Array;
  readonly snapshots: Snapshots;
  /** Which of the areas are the counts of writes, by the number of the memory. */
  readonly writeCounts: readonly number[];
}

const statuses: readonly Strand["status"][] = ["ready", "waiting", "ended"];
const fields = 5;

/** A workgroup at its start. Memory that the entry point writes is part of its state. */
export function newLens(
  dispatch: Dispatch,
  log: AccessLog,
  memories: ReadonlyMap<Variable, Memory>,
  workgroup: readonly [number, number, number],
  maxBytes: number,
): Lens {
  const { machine, strands, code } = dispatch;
  const { i32, width } = machine.state;
  const registers = new Int32Array(strands.length * fields + 1);
  const changing = [...memories].filter(([{ writable }]) => writable).flatMap(([, memory]) => areasOf(memory));
  const before: Area[] = [
    registers,
    i32.subarray(0, code.slots * width),
    machine.waiting,
    ...strands.flatMap(({ frames, bounds }) => [frames, bounds]),
    ...changing,
    ...log.counts.map(({ reads }) => asWords(reads)),
  ];
  const areas = [...before, ...log.counts.map(({ writes }) => asWords(writes))];
  const writeCounts = log.counts.map((_, i) => before.length + i);
  const lens = { dispatch, log, registers, snapshots: newSnapshots(areas, maxBytes), writeCounts };
  machine.state.steps = 0;
  startWorkgroup(dispatch, workgroup);
  keepStep(lens);
  return lens;
}

const asWords = ({ buffer, byteOffset, length }: Uint32Array): Int32Array => new Int32Array(buffer, byteOffset, length);

/** All of a memory that may be accessed: its words, and half a word at the end. */
const areasOf = ({ bytes, i32, u16 }: Memory): Area[] => [i32, ...(bytes % 4 >= 2 ? [u16.subarray(-1)] : [])];

const barriersAt = ({ registers }: Lens): number => registers.length - 1;

/** How many barriers the strands have left. */
export const barriersLeft = (lens: Lens): number => lens.registers[barriersAt(lens)] as number;

/** The step that a lens is at. */
export const stepOf = ({ dispatch }: Lens): number => dispatch.machine.state.steps;

/** Everything as it is, to be given back with `giveBack`. */
export function takeState(lens: Lens): Snapshot {
  pack(lens);
  return snapshotOf(lens.snapshots.areas, stepOf(lens), lens.snapshots.kept.at(-1));
}

/** Puts a lens back into a state that it had. */
export function giveBack(lens: Lens, snapshot: Snapshot): void {
  const { state } = lens.dispatch.machine;
  restore(lens.snapshots.areas, snapshot);
  unpack(lens);
  state.steps = snapshot.step;
  forgetEvents(lens);
}

/** Keeps a snapshot of the current step, which none that is kept is later than. */
export function keepStep(lens: Lens): void {
  pack(lens);
  keep(lens.snapshots, stepOf(lens));
}

/** Lets the past begin at the current step. */
export function forgetPast(lens: Lens): void {
  Object.assign(lens.snapshots, { kept: [], bytes: 0, thinned: 0 });
  keepStep(lens);
}

/** Drops what the state has noted, except its memory. */
export function forgetEvents({ dispatch }: Lens): void {
  const { state } = dispatch.machine;
  state.outOfBounds.clear();
  state.prints.length = 0;
  state.droppedPrints = 0;
}

function pack({ registers, dispatch: { strands } }: Lens): void {
  for (const [i, { length, position, depth, idle, status }] of strands.entries()) {
    registers.set([length, position, depth, idle, statuses.indexOf(status)], i * fields);
  }
}

function unpack({ registers, dispatch: { strands } }: Lens): void {
  for (const [i, strand] of strands.entries()) {
    const [length = 0, position = 0, depth = 0, idle = 0, status = 0] = registers.subarray(
      i * fields,
      (i + 1) * fields,
    );
    Object.assign(strand, { length, position, depth, idle, status: statuses[status] });
  }
}

/** The strand whose turn it is; undefined if none is ready. */
export const readyStrand = ({ dispatch: { strands } }: Lens): Strand | undefined =>
  strands.find(({ status }) => status === "ready");

/** Takes the step in which all strands leave their barrier; what is wrong if they do not wait at the same one. */
export function leaveBarrier(lens: Lens, machine: Machine): Divergence | undefined {
  const divergence = release(machine, lens.dispatch.strands);
  if (divergence) return divergence;
  machine.state.steps++;
  lens.registers[barriersAt(lens)] = barriersLeft(lens) + 1;
  return undefined;
}

/** Runs a strand on until a step at most; what is wrong if it comes to a barrier without some of its lanes. */
export function runUntil(machine: Machine, strand: Strand, step: number): Divergence | undefined {
  machine.pauseAt = step;
  return runReady(machine, strand);
}

/** A machine that takes the steps of a lens as its own does, and watches or does more. */
export function otherMachine({ dispatch }: Lens, makers: Makers, observers: readonly Observer[]): Machine {
  const { code, machine } = dispatch;
  const made = newMachine(code, machine.state, makers, machine.maxSteps, [...machine.observers, ...observers]);
  return Object.assign(made, { waiting: machine.waiting });
}

/** Goes to a step that has run. */
export function goTo(lens: Lens, step: number): void {
  const now = stepOf(lens);
  const start = latest(lens.snapshots, step);
  if (step < now || start.step > now) giveBack(lens, start);
  runTo(lens, step);
}

/** Runs on to a later step that has run, with the lens's machine or another one. */
export function runTo(lens: Lens, step: number, machine: Machine = lens.dispatch.machine): void {
  while (stepOf(lens) < step) {
    const strand = readyStrand(lens);
    if (strand) runUntil(machine, strand, step);
    else leaveBarrier(lens, machine);
  }
  forgetEvents(lens);
}
