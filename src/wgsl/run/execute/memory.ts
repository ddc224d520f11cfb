// Loads and stores: of memory, whose addresses are bytes, and of variables of functions, whose addresses are slots. An
// address below 0 is out of bounds. Indices of slots are those of lane 0.
import type { Instruction, Length, Site } from "../lower/code.ts";
import { halfBits, halfOf } from "../numbers.ts";
import type { Place } from "../types.ts";
import { type Action, actionOf, forEachLane, type Loop, type Memory, memoryOf, runLoop, type State } from "./state.ts";

type Of<K extends Instruction["kind"]> = Extract<Instruction, { kind: K }>;

/** Elements of a runtime-sized array in the buffer that is bound. */
const elementsOf = (state: State, { variable, offset, stride }: Length): number =>
  Math.max(0, Math.floor((memoryOf(state, variable).bytes - offset) / stride));

/** `arrayLength`. */
export function lengthActions(state: State, { to, length }: Of<"length">): readonly Action[] {
  const count = elementsOf(state, length);
  return [() => fill(state, to * state.width, count)];
}

function fill({ active: { bounds, length }, i32 }: State, to: number, value: number): void {
  for (let run = 0; run < length; run += 2) {
    i32.fill(value, to + (bounds[run] as number), to + (bounds[run + 1] as number));
  }
}

/** Addresses of elements. */
export function addressActions(state: State, instruction: Of<"address">): readonly Action[] {
  const { width } = state;
  const { before, stride } = instruction;
  const count = typeof instruction.count === "number" ? instruction.count : elementsOf(state, instruction.count);
  const [to, index] = [instruction.to * width, instruction.index * width];
  if (before === undefined) return [() => address(state, to, index, count, stride)];
  return [() => innerAddress(state, to, before * width, index, count, stride)];
}

function address({ active, i32 }: State, to: number, index: number, count: number, stride: number): void {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const i = i32[index + l] as number; // a u32 from 2^31 on is negative here
      i32[to + l] = i >= 0 && i < count ? Math.imul(i, stride) : -1;
    }
  }
}

function innerAddress(
  { active, i32 }: State,
  to: number,
  before: number,
  index: number,
  count: number,
  stride: number,
): void {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const i = i32[index + l] as number;
      const base = i32[before + l] as number;
      i32[to + l] = base >= 0 && i >= 0 && i < count ? base + Math.imul(i, stride) : -1;
    }
  }
}

/** Slots from an address on. */
export function gatherActions(state: State, { to, first, address: base, at }: Of<"gather">): readonly Action[] {
  return [slotBySlot(state, gather, to, first, base, at)];
}

/** To slots from an address on. */
export function scatterActions(state: State, { from, first, address: base, at }: Of<"scatter">): readonly Action[] {
  return [slotBySlot(state, scatter, from, first, base, at)];
}

/** Moves one scalar of each lane between slot `own` and one that is an address after `first`. */
type SlotLoop = (state: State, own: number, first: number, base: number, at: number) => void;

/** Moves scalars between slots and those from an address on. */
function slotBySlot(
  state: State,
  loop: SlotLoop,
  slots: readonly number[],
  first: number,
  base: number,
  at: number,
): Action {
  const { width } = state;
  const own = Int32Array.from(slots, (slot) => slot * width);
  return () => {
    for (let k = 0; k < own.length; k++) loop(state, own[k] as number, (first + k) * width, base * width, at);
  };
}

const gather: SlotLoop = ({ active, i32, width, outOfBounds }, to, first, base, at) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const a = i32[base + l] as number;
      if (a >= 0) i32[to + l] = i32[first + a * width + l] as number;
      else {
        i32[to + l] = 0;
        outOfBounds.add(at);
      }
    }
  }
};

const scatter: SlotLoop = ({ active, i32, width, outOfBounds }, from, first, base, at) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const a = i32[base + l] as number;
      if (a >= 0) i32[first + a * width + l] = i32[from + l] as number;
      else outOfBounds.add(at);
    }
  }
};

/** Moves one word of each lane between slot `own` and memory; `offset` is in words, `base` is the slot of addresses. */
type WordLoop = (state: State, words: Int32Array, offset: number, own: number, base: number, at: number) => void;

const loadWord: WordLoop = ({ active, i32, outOfBounds }, words, offset, own, base, at) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const a = i32[base + l] as number;
      if (a >= 0) i32[own + l] = words[offset + (a >> 2)] as number;
      else {
        i32[own + l] = 0;
        outOfBounds.add(at);
      }
    }
  }
};

const storeWord: WordLoop = ({ active, i32, outOfBounds }, words, offset, own, base, at) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const a = i32[base + l] as number;
      if (a >= 0) words[offset + (a >> 2)] = i32[own + l] as number;
      else outOfBounds.add(at);
    }
  }
};

/** A vector of four words in adjacent slots. */
const loadFourWords: WordLoop = ({ active, i32, outOfBounds, width }, words, offset, own, base, at) => {
  const { bounds, length } = active;
  for (let run = 0; run < length; run += 2) {
    const end = bounds[run + 1] as number;
    for (let l = bounds[run] as number; l < end; l++) {
      const a = i32[base + l] as number;
      if (a < 0) outOfBounds.add(at);
      const word = offset + (a >> 2);
      const to = own + l;
      i32[to] = a < 0 ? 0 : (words[word] as number);
      i32[to + width] = a < 0 ? 0 : (words[word + 1] as number);
      i32[to + 2 * width] = a < 0 ? 0 : (words[word + 2] as number);
      i32[to + 3 * width] = a < 0 ? 0 : (words[word + 3] as number);
    }
  }
};

/** The most scalars of a value that is moved word by word, with a loop for each. */
const fewScalars = 16;

const areWords = (places: readonly Place[]) =>
  places.length <= fewScalars && places.every(({ scalar }) => scalar.size === 4);

/** A value in memory to slots. */
export function loadActions(state: State, { to, site, places, at }: Of<"load">): readonly Action[] {
  const { width } = state;
  const { i32: words } = memoryOf(state, site.variable);
  if (!areWords(places)) return [anyAction(state, site, to, places, at, loadAny)];
  const { address: base } = site;
  const wordOf = ({ offset }: Place) => (site.offset + offset) / 4;
  if (base === undefined) {
    // The same word for all lanes.
    return places.map((place, i) => () => fill(state, (to[i] as number) * width, words[wordOf(place)] as number));
  }
  const first = to[0] as number;
  const isFour = places.length === 4 && places.every(({ offset }, i) => offset === 4 * i && to[i] === first + i);
  if (isFour) return [() => loadFourWords(state, words, site.offset / 4, first * width, base * width, at)];
  return places.map((place, i) => {
    const [word, own] = [wordOf(place), (to[i] as number) * width];
    return () => loadWord(state, words, word, own, base * width, at);
  });
}

/** A value in slots to memory. */
export function storeActions(state: State, { from, site, places, at }: Of<"store">): readonly Action[] {
  const { width } = state;
  const { i32: words } = memoryOf(state, site.variable);
  const { address: base } = site;
  if (!areWords(places) || base === undefined) return [anyAction(state, site, from, places, at, storeAny)];
  return places.map((place, i) => {
    const [word, own] = [(site.offset + place.offset) / 4, (from[i] as number) * width];
    return () => storeWord(state, words, word, own, base * width, at);
  });
}

/** Scalars of any size, any number of them: their slots, and where they are in memory. */
interface Scalars {
  readonly memory: Memory;
  readonly slots: Int32Array;
  readonly offsets: Int32Array;
  readonly sizes: Int32Array;
}

/** Moves scalars of one lane between slots and memory, from byte `address` on. */
type Move = (state: State, scalars: Scalars, lane: number, address: number) => void;

function anyAction(
  state: State,
  site: Site,
  own: readonly number[],
  places: readonly Place[],
  at: number,
  move: Move,
): Action {
  const { i32, width, outOfBounds } = state;
  const scalars: Scalars = {
    memory: memoryOf(state, site.variable),
    slots: Int32Array.from(own, (slot) => slot * width),
    offsets: Int32Array.from(places, ({ offset }) => site.offset + offset),
    sizes: Int32Array.from(places, ({ scalar }) => scalar.size),
  };
  const base = site.address === undefined ? -1 : site.address * width;
  const visit = (lane: number) => {
    const found = base < 0 ? 0 : (i32[base + lane] as number);
    if (found < 0) outOfBounds.add(at);
    move(state, scalars, lane, found);
  };
  return () => forEachLane(state.active, visit);
}

const loadAny: Move = ({ i32, f32 }, { memory, slots, offsets, sizes }, lane, base) => {
  for (let k = 0; k < slots.length; k++) {
    const to = (slots[k] as number) + lane;
    const byte = base + (offsets[k] as number);
    if (base < 0) i32[to] = 0;
    else if (sizes[k] === 2) f32[to] = halfOf(memory.u16[byte >> 1] as number);
    else i32[to] = memory.i32[byte >> 2] as number;
  }
};

const storeAny: Move = ({ i32, f32 }, { memory, slots, offsets, sizes }, lane, base) => {
  if (base < 0) return;
  for (let k = 0; k < slots.length; k++) {
    const from = (slots[k] as number) + lane;
    const byte = base + (offsets[k] as number);
    if (sizes[k] === 2) memory.u16[byte >> 1] = halfBits(f32[from] as number);
    else memory.i32[byte >> 2] = i32[from] as number;
  }
};

const copyWord: Loop = ({ i32 }, first, end, to, from) => {
  for (let l = first; l < end; l++) i32[to + l] = i32[from + l] as number;
};

/** Slots to other slots. */
export function copyActions(state: State, { to, from }: Of<"copy">): readonly Action[] {
  const { width } = state;
  const targets = Int32Array.from(to, (slot) => slot * width);
  const sources = Int32Array.from(from, (slot) => slot * width);
  if (to.length === 1) return [actionOf(copyWord, state, targets[0] as number, sources[0] as number)];
  return [
    () => {
      for (let k = 0; k < targets.length; k++)
        runLoop(copyWord, state, targets[k] as number, sources[k] as number, 0, 0);
    },
  ];
}
