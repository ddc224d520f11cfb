// Moves of what is known: between slots, and between slots and memory.
import { plain } from "../execute/plain.ts";
import type { Action, State } from "../execute/state.ts";
import type { Instruction } from "../lower/code.ts";
import type { Extent } from "./regions.ts";
import { eachLane, type Visit } from "./scalars.ts";
import { decided, exact, isDoubtful, markAll, move, type Shadow, unitAt } from "./shadow.ts";

type Of<K extends Instruction["kind"]> = Extract<Instruction, { kind: K }>;

/** Slots to other slots. */
export function copyActions(shadow: Shadow, instruction: Of<"copy">): readonly Action[] {
  const { state, slots } = shadow;
  const { width } = state;
  const { to, from } = instruction;
  const visit: Visit = (l) => {
    for (const [k, slot] of to.entries()) {
      move(slots, (from[k] as number) * width + l, slots, slot * width + l, 0);
    }
  };
  return [...plain.copy(state, instruction), eachLane(state, visit)];
}

/** Addresses: not known are those of indices that are not. */
export function addressActions(shadow: Shadow, instruction: Of<"address">): readonly Action[] {
  const { state, slots } = shadow;
  const { width } = state;
  const { to, before, index } = instruction;
  const visit: Visit = (l) => {
    const isKnown =
      !isDoubtful(shadow, index * width + l) && (before === undefined || !isDoubtful(shadow, before * width + l));
    slots.kinds[to * width + l] = isKnown ? exact : decided;
  };
  return [eachLane(state, visit), ...plain.address(state, instruction)];
}

/** `arrayLength`. */
export function lengthActions(shadow: Shadow, instruction: Of<"length">): readonly Action[] {
  const { state, slots } = shadow;
  const visit: Visit = (l) => {
    slots.kinds[instruction.to * state.width + l] = exact;
  };
  return [eachLane(state, visit), ...plain.length(state, instruction)];
}

/** Slots from an address on. */
export function gatherActions(shadow: Shadow, instruction: Of<"gather">): readonly Action[] {
  const { state, slots } = shadow;
  const { width, i32 } = state;
  const { to, first, address } = instruction;
  const visit: Visit = (l) => {
    const a = i32[address * width + l] as number;
    const doubt = doubtOf(shadow, address * width + l);
    for (const [k, slot] of to.entries()) {
      if (a < 0) slots.kinds[slot * width + l] = doubt;
      else move(slots, (first + k + a) * width + l, slots, slot * width + l, doubt);
    }
  };
  return [...plain.gather(state, instruction), eachLane(state, visit)];
}

/** `decided` if what is at an index of the slots may be something else on a GPU. */
export const doubtOf = (shadow: Shadow, i: number): number => (isDoubtful(shadow, i) ? decided : 0);

/** To an address in a variable. Without knowing where, it is to all of it. */
export function scatterActions(
  shadow: Shadow,
  instruction: Of<"scatter">,
  extentOf: (slot: number) => Extent,
): readonly Action[] {
  const { state, slots } = shadow;
  const { width, i32 } = state;
  const { from, first, address } = instruction;
  const variable = extentOf(first);
  const visit: Visit = (l) => {
    const a = i32[address * width + l] as number;
    const doubt = doubtOf(shadow, address * width + l);
    if (isDoubtful(shadow, address * width + l)) {
      for (let slot = variable.first; slot < variable.end; slot++) {
        slots.kinds[slot * width + l] = (slots.kinds[slot * width + l] as number) | decided;
      }
    }
    if (a < 0) return;
    for (const [k, slot] of from.entries()) move(slots, slot * width + l, slots, (first + k + a) * width + l, doubt);
  };
  return [...plain.scatter(state, instruction), eachLane(state, visit)];
}

/** The byte of a lane's address; below 0 it is out of bounds. */
export const addressIn = ({ i32, width }: State, address: number | undefined, lane: number): number =>
  address === undefined ? 0 : (i32[address * width + lane] as number);

/** A value in memory to slots. Variables that are only read have no shadow: their bits say all. */
export function loadActions(shadow: Shadow, instruction: Of<"load">): readonly Action[] {
  const { state, slots, memories } = shadow;
  const { width } = state;
  const { to, places, site } = instruction;
  const memory = memories.get(site.variable);
  const visit: Visit = (l) => {
    const a = addressIn(state, site.address, l);
    const doubt = site.address === undefined ? 0 : doubtOf(shadow, site.address * width + l);
    for (const [k, slot] of to.entries()) {
      const i = slot * width + l;
      const byte = a + site.offset + (places[k]?.offset ?? 0);
      if (memory && a >= 0) move(memory, unitAt(memory, byte), slots, i, doubt);
      else slots.kinds[i] = doubt;
    }
  };
  return [...plain.load(state, instruction), eachLane(state, visit)];
}

/** A value in slots to memory. Without knowing where, it is to all of the variable. */
export function storeActions(shadow: Shadow, instruction: Of<"store">): readonly Action[] {
  const { state, slots, doubts, memories } = shadow;
  const { width } = state;
  const { from, places, site } = instruction;
  const memory = memories.get(site.variable);
  if (!memory) throw new Error(`a store to ${site.variable.name}, which is not writable`);
  const visit: Visit = (l) => {
    const a = addressIn(state, site.address, l);
    const isKnown = site.address === undefined || !isDoubtful(shadow, site.address * width + l);
    if (!isKnown) markAll(memory);
    if (a < 0) return;
    const doubt = (doubts[l] as number) | (isKnown ? 0 : decided);
    for (const [k, slot] of from.entries()) {
      const byte = a + site.offset + (places[k]?.offset ?? 0);
      move(slots, slot * width + l, memory, unitAt(memory, byte), doubt);
    }
  };
  return [...plain.store(state, instruction), eachLane(state, visit)];
}
