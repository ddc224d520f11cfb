// Counts what a run requests from memory, what it computes and where its lanes diverge: exact for the program as written.
import type { Access, Observer } from "../execute/observer.ts";
import type { Action, State } from "../execute/state.ts";
import type { Instruction } from "../lower/code.ts";
import type { Variable } from "../program.ts";
import type { ScalarName } from "../types.ts";
import { bankAction, noRequests, type RequestCounts, requestAction, type Touched, touchedOf } from "./requests.ts";

/** An access in the text, and its requests. */
export interface AccessCounts extends RequestCounts {
  readonly variable: Variable;
  readonly kind: Access["kind"];
  /** In characters from the start of the text. */
  readonly at: number;
  /** Bytes of one access. */
  readonly bytes: number;
}

/** How often lanes computed something, one for each scalar. */
interface OperationCount {
  /** An operator, a builtin function, or "convert". */
  readonly name: string;
  /** Of the operands. */
  readonly scalar: ScalarName;
  count: number;
}

/** What a counter has counted, of all workgroups together. */
export interface Counts {
  readonly accesses: readonly AccessCounts[];
  /** Bytes of each buffer, and of workgroup memory, that were touched at least once. */
  readonly touched: ReadonlyMap<Variable, number>;
  readonly operations: readonly OperationCount[];
  readonly barriers: { readonly workgroup: number; readonly storage: number };
  readonly shuffles: number;
  readonly workgroups: number;
  /** Instructions that lanes executed, over those that whole subgroups would have. */
  readonly activeShare: number;
  /** How often lanes of one subgroup parted, by the place in the text. */
  readonly parted: ReadonlyMap<number, number>;
}

/** A counter of one run: pass `observer` to the run, then read `counts()`. */
export function newCounter(): { readonly observer: Observer; counts(): Counts } {
  const accesses: AccessCounts[] = [];
  const memories = new Map<Variable, Touched>();
  const operations = new Map<string, OperationCount>();
  const parted = new Map<number, number>();
  const barriers = { workgroup: 0, storage: 0, texture: 0 };
  let [workgroups, lanesDone, lanesPossible, shuffles] = [0, 0, 0, 0];

  const access = (state: State, instruction: Access): Action => {
    const { site, kind, at } = instruction;
    const { variable } = site;
    const touched = memories.get(variable) ?? touchedOf(state, variable);
    memories.set(variable, touched);
    const counts = Object.assign(noRequests(), { variable, kind, at, bytes: site.reference.type.size });
    accesses.push(counts);
    const isBanked = site.reference.space === "workgroup";
    return (isBanked ? bankAction : requestAction)(state, instruction, touched, counts);
  };
  const run: Observer["run"] = (state, { instructions }) => {
    const each = computedBy(instructions).map(({ name, scalar, count }) => {
      const key = `${name} ${scalar}`;
      const total = operations.get(key) ?? { name, scalar, count: 0 };
      operations.set(key, total);
      return { total, count };
    });
    const shuffled = instructions.filter(({ kind }) => kind === "subgroup").length;
    const all = instructions.length;
    return () => {
      const { lanes, possible } = lanesOf(state);
      for (const { total, count } of each) total.count += lanes * count;
      lanesDone += all * lanes;
      lanesPossible += all * possible;
      shuffles += shuffled;
    };
  };
  return {
    observer: {
      access,
      run,
      workgroup: () => workgroups++,
      barrier: (of) => barriers[of]++,
      parted: (at) => parted.set(at, (parted.get(at) ?? 0) + 1),
    },
    counts: () => ({
      accesses,
      touched: new Map([...memories].map(([variable, { shift, everUnits }]) => [variable, everUnits << shift])),
      operations: [...operations.values()].filter(({ count }) => count > 0),
      barriers,
      shuffles,
      workgroups,
      activeShare: lanesPossible === 0 ? 1 : lanesDone / lanesPossible,
      parted,
    }),
  };
}

/** How many lanes are active, and how many their subgroups have. */
function lanesOf({ active: { bounds, length }, subgroupSize, width }: State) {
  let [lanes, possible, group] = [0, 0, -1];
  for (let run = 0; run < length; run += 2) {
    const [first, end] = [bounds[run] as number, bounds[run + 1] as number];
    lanes += end - first;
    const last = Math.floor((end - 1) / subgroupSize);
    for (let own = Math.max(group + 1, Math.floor(first / subgroupSize)); own <= last; own++) {
      possible += Math.min(subgroupSize, width - own * subgroupSize);
      group = own;
    }
  }
  return { lanes, possible };
}

/** What one lane computes in an operation. */
function computedBy(instructions: readonly Instruction[]): OperationCount[] {
  const found = new Map<string, OperationCount>();
  const add = (name: string, scalar: ScalarName, count = 1) => {
    const key = `${name} ${scalar}`;
    const own = found.get(key) ?? { name, scalar, count: 0 };
    own.count += count;
    found.set(key, own);
  };
  for (const one of instructions) {
    if (one.kind === "scalar") add(one.name, one.from[0]?.scalar ?? one.to.scalar);
    else if (one.kind === "convert") add("convert", one.from.scalar);
    else if (one.kind === "whole") add(one.name, one.scalar, one.from[0]?.length ?? 1);
    else if (one.kind === "atomic") add(one.name, one.scalar);
  }
  return [...found.values()];
}
