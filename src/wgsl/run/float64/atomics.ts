// Atomic functions, lane after lane: each finds what the one before it has left.
import { plain } from "../execute/plain.ts";
import { type Action, memoryOf } from "../execute/state.ts";
import type { Instruction } from "../lower/code.ts";
import { addressIn, doubtOf } from "./moves.ts";
import { rangeOf } from "./ranges.ts";
import { decided, exact, markAll, move, rangeAt, rangeOfNumber, type Shadow, setRange, unitAt } from "./shadow.ts";

type OfAtomic = Extract<Instruction, { kind: "atomic" }>;

/** The operators of functions that update what is there. */
const operators: Readonly<Record<string, string>> = {
  atomicAdd: "+",
  atomicSub: "-",
  atomicMax: "max",
  atomicMin: "min",
  atomicAnd: "&",
  atomicOr: "|",
  atomicXor: "^",
};

/** Notes what is known of what an atomic function leaves and gives, before it runs for the lane. */
export function atomicActions(shadow: Shadow, instruction: OfAtomic): readonly Action[] {
  const { active } = shadow.state;
  const note = noted(shadow, instruction);
  const run = plain.atomic(shadow.state, instruction);
  const all = () => {
    const bounds = active.bounds.slice(0, active.length);
    active.length = 2;
    for (let i = 0; i < bounds.length; i += 2) {
      for (let lane = bounds[i] as number; lane < (bounds[i + 1] as number); lane++) {
        note(lane);
        active.bounds[0] = lane;
        active.bounds[1] = lane + 1;
        for (const action of run) action();
      }
    }
    active.bounds.set(bounds);
    active.length = bounds.length;
  };
  return [all];
}

function noted(shadow: Shadow, { name, to, values, site, scalar }: OfAtomic): (lane: number) => void {
  const { state, slots, doubts, memories } = shadow;
  const { width } = state;
  const memory = memories.get(site.variable);
  if (!memory) throw new Error(`an atomic function of ${site.variable.name}, which is not writable`);
  const { i32, u32 } = memoryOf(state, site.variable);
  const isSigned = scalar === "i32";
  const words = isSigned ? i32 : u32;
  const operator = operators[name];
  const isStore = name === "atomicStore" || name === "atomicExchange";
  return (lane) => {
    const address = addressIn(state, site.address, lane);
    const ofAddress = site.address === undefined ? 0 : doubtOf(shadow, site.address * width + lane);
    const doubt = (doubts[lane] as number) | ofAddress;
    if (ofAddress !== 0 && name !== "atomicLoad") markAll(memory);
    if (address < 0) {
      for (const slot of to) slots.kinds[slot * width + lane] = ofAddress;
      return;
    }
    const i = unitAt(memory, address + site.offset);
    const own = (values[0] ?? 0) * width + lane;
    const old = rangeOfNumber(memory, i, words[(address + site.offset) >> 2] as number);
    const isComparison = name === "atomicCompareExchangeWeak";
    const areExact = memory.kinds[i] === exact && values.every((slot) => slots.kinds[slot * width + lane] === exact);
    for (const [k, slot] of to.entries()) {
      if (k === 0) move(memory, i, slots, slot * width + lane, ofAddress);
      else slots.kinds[slot * width + lane] = areExact ? exact | ofAddress : decided;
    }
    if (operator) setRange(memory, i, rangeOf(operator, scalar, old, rangeAt(shadow, own, isSigned), undefined), doubt);
    else if (isStore) move(slots, own, memory, i, doubt);
    else if (isComparison) memory.kinds[i] = areExact ? exact | doubt : decided;
  };
}
