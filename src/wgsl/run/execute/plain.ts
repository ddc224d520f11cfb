// What instructions do in a plain run.
import type { Instruction } from "../lower/code.ts";
import { atomicActions } from "./atomics.ts";
import { convertAction } from "./conversions.ts";
import {
  addressActions,
  copyActions,
  gatherActions,
  lengthActions,
  loadActions,
  scatterActions,
  storeActions,
} from "./memory.ts";
import { bitcastActions, scalarActions, wholeActions } from "./scalars.ts";
import { type Action, forEachLane, type State, viewOf } from "./state.ts";
import { subgroupActions } from "./subgroups.ts";

type Of<K extends Instruction["kind"]> = Extract<Instruction, { kind: K }>;

/** Makes what an instruction does, by its kind. Another mode of execution has other makers for some kinds. */
export type Makers = {
  readonly [K in Instruction["kind"]]: (state: State, instruction: Of<K>) => readonly Action[];
};

/** What an instruction does in a mode. */
export function actionsOf(makers: Makers, state: State, instruction: Instruction): readonly Action[] {
  const make = makers[instruction.kind] as (state: State, instruction: Instruction) => readonly Action[];
  return make(state, instruction);
}

/** Collects what each lane prints, until there are `mostPrints` of them. */
function printActions(state: State, { values, at }: Of<"print">): readonly Action[] {
  const { width } = state;
  const read = values.map(({ slot, scalar }) => ({ view: viewOf(state, scalar), first: slot * width }));
  const visit = (lane: number) => {
    if (state.prints.length >= state.mostPrints) {
      state.droppedPrints++;
      return;
    }
    const { workgroup, steps: step } = state;
    state.prints.push({
      lane: state.threads[lane] ?? lane,
      workgroup,
      at,
      step,
      values: read.map(({ view, first }) => view[first + lane] ?? 0),
    });
  };
  return [() => forEachLane(state.active, visit)];
}

/** Makers for a plain run. */
export const plain: Makers = {
  scalar: scalarActions,
  convert: (state, { to, from }) => [
    convertAction(state, to.slot * state.width, to.scalar, from.slot * state.width, from.scalar),
  ],
  bitcast: bitcastActions,
  whole: wholeActions,
  copy: copyActions,
  address: addressActions,
  gather: gatherActions,
  scatter: scatterActions,
  load: loadActions,
  store: storeActions,
  atomic: atomicActions,
  length: lengthActions,
  subgroup: subgroupActions,
  print: printActions,
};
