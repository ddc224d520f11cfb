// Subgroup and quad functions: what is known of their results. A lane that may be elsewhere on a GPU makes those of its
// whole subgroup unknown.
import { plain } from "../execute/plain.ts";
import { type Action, forEachLane } from "../execute/state.ts";
import type { Instruction, Slot } from "../lower/code.ts";
import { type Bounded, exactly, type Format, max, min, multiply } from "./bounded.ts";
import { isFloatName } from "./scalars.ts";
import { decided, exact, floatAt, formatOf, isDoubtful, move, type Shadow, setBoolean, setFloat } from "./shadow.ts";
import { sumOf } from "./whole.ts";

type OfSubgroup = Extract<Instruction, { kind: "subgroup" }>;

/** Two slots of each lane that no other instruction has. */
interface Scratch {
  readonly lanes: number;
  readonly sources: number;
}

/** What an instruction of subgroups does. */
export function subgroupActions(shadow: Shadow, instruction: OfSubgroup, scratch: Scratch): readonly Action[] {
  const { state } = shadow;
  const run = plain.subgroup(state, instruction);
  const { name, from } = instruction;
  const [, scan = "", operator = ""] =
    /^subgroup(Inclusive|Exclusive)?(Add|Mul|Min|Max|And|Or|Xor|All|Any|Ballot|Elect)$/.exec(name) ?? [];
  if (operator === "")
    return [...sourcesOf(shadow, instruction, scratch), ...run, exchanged(shadow, instruction, scratch)];
  const isFloat = isFloatName(from[0]?.scalar ?? "bool");
  if (isFloat)
    return [
      () => forEachSubgroup(shadow, (lanes, doubt) => combineAll(shadow, instruction, scan, operator, lanes, doubt)),
    ];
  return [() => forEachSubgroup(shadow, (lanes, doubt) => noteAll(shadow, instruction, lanes, doubt)), ...run];
}

/** Visits the active lanes of each subgroup, and whether a lane of it, active or not, may be elsewhere. */
function forEachSubgroup({ state, doubts }: Shadow, visit: (lanes: readonly number[], doubt: number) => void): void {
  const { active, subgroupSize } = state;
  const groups = new Map<number, number[]>();
  forEachLane(active, (lane) => {
    const group = Math.floor(lane / subgroupSize);
    const lanes = groups.get(group);
    if (lanes) lanes.push(lane);
    else groups.set(group, [lane]);
  });
  for (const [group, lanes] of groups) {
    visit(lanes, doubts.subarray(group * subgroupSize, (group + 1) * subgroupSize).includes(decided) ? decided : 0);
  }
}

/** Integers and booleans: known if all operands are. */
function noteAll(shadow: Shadow, { to, from }: OfSubgroup, lanes: readonly number[], doubt: number): void {
  const { slots, state } = shadow;
  const { width } = state;
  const areKnown = from.every(({ slot }) => lanes.every((lane) => !isDoubtful(shadow, slot * width + lane)));
  for (const { slot, scalar } of to) {
    for (const lane of lanes) {
      const i = slot * width + lane;
      if (scalar === "bool") setBoolean(shadow.slots, i, areKnown ? [0, 0] : undefined, doubt);
      else slots.kinds[i] = areKnown ? exact | doubt : decided;
    }
  }
}

type Combine = (format: Format, numbers: readonly Bounded[]) => Bounded;

/** Products in any order: each multiplication rounds a share of the result. */
const productOf: Combine = (format, numbers) => numbers.reduce((a, b) => multiply(format, a, b), exactly(1));

const combinations: Readonly<Record<string, Combine>> = {
  Add: sumOf,
  Mul: productOf,
  Min: (format, numbers) => numbers.reduce((a, b) => min(format, a, b)),
  Max: (format, numbers) => numbers.reduce((a, b) => max(format, a, b)),
};

/** Floats of all lanes, or of those before each lane. */
function combineAll(
  shadow: Shadow,
  { name, to, from }: OfSubgroup,
  scan: string,
  operator: string,
  lanes: readonly number[],
  ofSubgroup: number,
): void {
  const { slots, state } = shadow;
  const combine = combinations[operator];
  if (!combine) throw new Error(`${name} of floats`);
  for (const [k, result] of to.entries()) {
    const own = from[k] as Slot;
    const format = formatOf(shadow, result.scalar);
    const indices = lanes.map((lane) => own.slot * state.width + lane);
    const numbers = indices.map((i) => floatAt(shadow, i));
    const isDecided = indices.some((i) => ((slots.kinds[i] as number) & decided) !== 0);
    const doubt = ofSubgroup | (isDecided ? decided : 0);
    const all = scan === "" ? combine(format, numbers) : undefined;
    for (const [i, lane] of lanes.entries()) {
      const before = numbers.slice(0, scan === "Inclusive" ? i + 1 : i);
      const identity = exactly(operator === "Mul" ? 1 : 0);
      const number = all ?? (before.length === 0 ? identity : combine(format, before));
      setFloat(shadow, result.slot * state.width + lane, number, format, doubt);
    }
  }
}

/** Finds which lane each lane reads: it reads their numbers, from 1, in the same way. */
function sourcesOf({ state }: Shadow, { name, other, at }: OfSubgroup, { lanes, sources }: Scratch): readonly Action[] {
  const { width, u32 } = state;
  const number = () => {
    for (let lane = 0; lane < width; lane++) u32[lanes * width + lane] = lane + 1;
  };
  const slot = (of: number): Slot => ({ slot: of, scalar: "u32" });
  const instruction = { kind: "subgroup", name, to: [slot(sources)], from: [slot(lanes)], other, at } as const;
  return [number, ...plain.subgroup(state, instruction)];
}

/** Takes over what is known of the value that each lane reads. That of a lane that is not active is not determined. */
function exchanged(shadow: Shadow, { to, from, other }: OfSubgroup, { sources }: Scratch): Action {
  const { slots, state } = shadow;
  const { width, u32 } = state;
  const visit = (lanes: readonly number[], ofSubgroup: number) => {
    for (const lane of lanes) {
      const source = (u32[sources * width + lane] as number) - 1;
      const isKnown = source >= 0 && (other === undefined || !isDoubtful(shadow, other * width + lane));
      for (const [k, { slot }] of to.entries()) {
        const own = (from[k] as Slot).slot * width;
        move(slots, own + Math.max(source, 0), slots, slot * width + lane, isKnown ? ofSubgroup : decided);
      }
    }
  };
  return () => forEachSubgroup(shadow, visit);
}
