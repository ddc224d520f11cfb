// Subgroup and quad functions (WGSL, section 17.12). They act on the active lanes of each subgroup, which are those of
// subgroupSize lanes that follow each other. A lane that is not active gives 0 to those that read it.
import type { Instruction, Slot } from "../lower/code.ts";
import { roundTo } from "../numbers.ts";
import { scalarFunction } from "../operations.ts";
import { type Action, type State, viewOf } from "./state.ts";

/** Active lanes of a subgroup: the first `count` of `lanes`; `first` is its first lane, active or not. */
interface Members {
  readonly lanes: Int32Array;
  /** 1 for each active lane, counted from the first. */
  readonly are: Uint8Array;
  count: number;
  first: number;
}

function forEachSubgroup({ active, subgroupSize }: State, members: Members, visit: () => void): void {
  const { bounds, length } = active;
  let end = 0;
  members.count = 0;
  const finish = () => {
    if (members.count > 0) visit();
    members.count = 0;
    members.are.fill(0);
  };
  for (let run = 0; run < length; run += 2) {
    const last = bounds[run + 1] as number;
    for (let lane = bounds[run] as number; lane < last; lane++) {
      if (lane >= end) {
        finish();
        members.first = lane - (lane % subgroupSize);
        end = members.first + subgroupSize;
      }
      members.lanes[members.count++] = lane;
      members.are[lane - members.first] = 1;
    }
  }
  finish();
}

/** The operator of a reduction or a scan. */
const operators: Readonly<Record<string, string>> = {
  Add: "+",
  Mul: "*",
  Min: "min",
  Max: "max",
  And: "&",
  Or: "|",
  Xor: "^",
  All: "&",
  Any: "|",
};

/** The number in its subgroup of the lane that a lane reads. */
const sources: Readonly<Record<string, (own: number, other: number, lowest: number) => number>> = {
  subgroupBroadcast: (_, id) => id,
  subgroupBroadcastFirst: (_own, _other, lowest) => lowest,
  subgroupShuffle: (_, id) => id,
  subgroupShuffleUp: (own, delta) => own - delta,
  subgroupShuffleDown: (own, delta) => own + delta,
  subgroupShuffleXor: (own, mask) => (own ^ mask) >>> 0,
  quadBroadcast: (own, id) => own - (own % 4) + id,
  quadSwapX: (own) => own ^ 1,
  quadSwapY: (own) => own ^ 2,
  quadSwapDiagonal: (own) => own ^ 3,
};

/** What an instruction of subgroups does. */
export function subgroupActions(
  state: State,
  { name, to, from, other }: Extract<Instruction, { kind: "subgroup" }>,
): readonly Action[] {
  const { subgroupSize } = state;
  const members: Members = {
    lanes: new Int32Array(subgroupSize),
    are: new Uint8Array(subgroupSize),
    count: 0,
    first: 0,
  };
  const visits = visitsOf(state, members, name, to, from, other);
  return visits.map((visit) => () => forEachSubgroup(state, members, visit));
}

function visitsOf(
  state: State,
  members: Members,
  name: string,
  to: readonly Slot[],
  from: readonly Slot[],
  other: number | undefined,
): readonly (() => void)[] {
  if (name === "subgroupElect") return [elect(state, members, to[0] as Slot)];
  if (name === "subgroupBallot") return [ballot(state, members, to, from[0] as Slot)];
  const source = sources[name];
  const [, kind, operator = ""] = /^subgroup(Inclusive|Exclusive)?([A-Z]\w*)$/.exec(name) ?? [];
  return to.map((result, i) => {
    const value = from[i] as Slot;
    if (source) return exchange(state, members, source, result, value, other);
    const apply = scalarFunction(operators[operator] ?? "", value.scalar);
    if (!apply) throw new Error(`${name} of ${value.scalar}`);
    const combine = (a: number, b: number) => roundTo(apply(a, b, 0, 0), value.scalar);
    if (!kind) return reduce(state, members, combine, result, value);
    return scan(state, members, combine, kind === "Inclusive", operator === "Mul" ? 1 : 0, result, value);
  });
}

type Combine = (a: number, b: number) => number;

/** Combines the values of all members, in order, for each of them. */
function reduce(state: State, members: Members, combine: Combine, to: Slot, from: Slot): () => void {
  const { width } = state;
  const [view, target] = [viewOf(state, from.scalar), viewOf(state, to.scalar)];
  const { lanes } = members;
  return () => {
    let total = view[from.slot * width + (lanes[0] as number)] as number;
    for (let i = 1; i < members.count; i++) {
      total = combine(total, view[from.slot * width + (lanes[i] as number)] as number);
    }
    for (let i = 0; i < members.count; i++) target[to.slot * width + (lanes[i] as number)] = total;
  };
}

/** For each member the values up to its own, with or without it. */
function scan(
  state: State,
  members: Members,
  combine: Combine,
  isInclusive: boolean,
  identity: number,
  to: Slot,
  from: Slot,
): () => void {
  const { width } = state;
  const view = viewOf(state, from.scalar);
  return () => {
    let total = identity;
    for (let i = 0; i < members.count; i++) {
      const lane = members.lanes[i] as number;
      const own = view[from.slot * width + lane] as number;
      const sum = i === 0 ? own : combine(total, own);
      view[to.slot * width + lane] = isInclusive ? sum : total;
      total = sum;
    }
  };
}

/** The value of another lane for each member; 0 where that lane is not active. */
function exchange(
  state: State,
  members: Members,
  source: (own: number, other: number, lowest: number) => number,
  to: Slot,
  from: Slot,
  other: number | undefined,
): () => void {
  const { i32, u32, width, subgroupSize } = state;
  const { lanes, are } = members;
  return () => {
    const lowest = (lanes[0] as number) - members.first;
    for (let i = 0; i < members.count; i++) {
      const lane = lanes[i] as number;
      const argument = other === undefined ? 0 : (u32[other * width + lane] as number);
      const id = source(lane - members.first, argument, lowest);
      const isMember = id >= 0 && id < subgroupSize && are[id] === 1;
      i32[to.slot * width + lane] = isMember ? (i32[from.slot * width + members.first + id] as number) : 0;
    }
  };
}

/** True for the lowest member alone. */
const elect =
  ({ u32, width }: State, members: Members, to: Slot) =>
  () => {
    for (let i = 0; i < members.count; i++) u32[to.slot * width + (members.lanes[i] as number)] = i === 0 ? 1 : 0;
  };

/** A bit for each member whose value is true: 32 of them in each of four words. */
function ballot({ u32, width }: State, members: Members, to: readonly Slot[], from: Slot): () => void {
  const words = new Uint32Array(4);
  return () => {
    words.fill(0);
    for (let i = 0; i < members.count; i++) {
      const lane = members.lanes[i] as number;
      const id = lane - members.first;
      const word = id >> 5;
      words[word] = ((words[word] as number) | ((u32[from.slot * width + lane] as number) << (id & 31))) >>> 0;
    }
    for (let i = 0; i < members.count; i++) {
      for (const [k, { slot }] of to.entries()) {
        u32[slot * width + (members.lanes[i] as number)] = words[k] as number;
      }
    }
  };
}
