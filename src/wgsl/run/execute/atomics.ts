import type { Instruction } from "../lower/code.ts";
import { type Action, forEachLane, memoryOf, type State, viewOf } from "./state.ts";

/** What an atomic function leaves in memory, from what is there and its argument. Storing wraps to 32 bits. */
const updates: Readonly<Record<string, (old: number, value: number) => number>> = {
  atomicLoad: (old) => old,
  atomicStore: (_, value) => value,
  atomicAdd: (old, value) => old + value,
  atomicSub: (old, value) => old - value,
  atomicMax: (old, value) => Math.max(old, value),
  atomicMin: (old, value) => Math.min(old, value),
  atomicAnd: (old, value) => old & value,
  atomicOr: (old, value) => old | value,
  atomicXor: (old, value) => old ^ value,
  atomicExchange: (_, value) => value,
};

/** Atomic functions, lane after lane. */
export function atomicActions(state: State, instruction: Extract<Instruction, { kind: "atomic" }>): readonly Action[] {
  const visit = atomicVisit(state, instruction);
  return [() => forEachLane(state.active, visit)];
}

/** What an atomic function does for a lane. It gives the value that was there. */
export function atomicVisit(
  state: State,
  { name, site, scalar, to, values, at }: Extract<Instruction, { kind: "atomic" }>,
): (lane: number) => void {
  const { i32, width, outOfBounds } = state;
  const { i32: signed, u32: unsigned } = memoryOf(state, site.variable);
  const [words, view] = [scalar === "i32" ? signed : unsigned, viewOf(state, scalar)];
  const { address, offset } = site;
  const [old, exchanged] = to.map((slot) => slot * width);
  const [first = 0, second = 0] = values.map((slot) => slot * width);
  const update = updates[name];
  if (!update && name !== "atomicCompareExchangeWeak") throw new Error(`${name} is no atomic function`);

  const exchange = (lane: number, word: number, found: number): void => {
    const isEqual = found === view[first + lane];
    if (isEqual) words[word] = view[second + lane] as number;
    if (exchanged !== undefined) i32[exchanged + lane] = isEqual ? 1 : 0;
  };
  return (lane) => {
    const a = address === undefined ? 0 : (i32[address * width + lane] as number);
    if (a < 0) {
      outOfBounds.add(at);
      for (const slot of to) i32[slot * width + lane] = 0;
      return;
    }
    const word = (a + offset) >> 2;
    const found = words[word] as number;
    if (update) words[word] = update(found, view[first + lane] as number);
    else exchange(lane, word, found);
    if (old !== undefined) view[old + lane] = found;
  };
}
