// What float64 knows of each slot and of each place in memory, in addition to the 32 bits there: they hold the float64
// number rounded, so that instructions of integers need nothing but them.
import { WgslError } from "../../error.ts";
import type { State } from "../execute/state.ts";
import type { Variable } from "../program.ts";
import { hasHalves, type ScalarName } from "../types.ts";
import { type Bounded, exactly, type Format, formatsOf, highest, lowest, type Rounding, unknown } from "./bounded.ts";
import { anyBoolean, bitsBetween, floatsWithBits, magnitudeBitsBetween, type Range, readAs } from "./ranges.ts";

/** What is known of a number: its bits say all; it is a float with a bound; it is an integer in a range. */
export const exact = 0;
const bounded = 1;
const ranged = 2;
/** Added to these: which number it is was decided by rounding, so that a GPU may have any other one. */
export const decided = 4;

/** Floats and their bounds, or the ends of ranges. */
export interface Numbers {
  readonly kinds: Uint8Array;
  readonly values: Float64Array;
  readonly bounds: Float64Array;
}

/** A buffer or a variable in workgroup memory: a number for each 2^shift bytes. */
export interface MemoryNumbers extends Numbers {
  readonly shift: number;
  /** How often all numbers have been marked, and up to which time each of them is. */
  marks: number;
  readonly marked: Uint32Array;
}

export interface Shadow {
  readonly state: State;
  readonly formats: { readonly f32: Format; readonly f16: Format };
  /** Of slot s of lane l at `s·width + l`. */
  readonly slots: Numbers;
  /** Of variables that are written. */
  readonly memories: ReadonlyMap<Variable, MemoryNumbers>;
  /** `decided` for each lane that may be at another place of the code on a GPU, otherwise 0. */
  readonly doubts: Uint8Array;
}

const numbers = (count: number): Numbers => ({
  kinds: new Uint8Array(count),
  values: new Float64Array(count),
  bounds: new Float64Array(count),
});

/** The most numbers of a shadow. Each takes 17 bytes, 21 in memory. */
const maxNumbers = 2 ** 24;

/** A shadow that says nothing but what bits say. Throws `WgslError` where it would need too much memory. */
export function newShadow(state: State, rounding: Rounding): Shadow {
  const memories = new Map<Variable, MemoryNumbers>();
  let count = state.i32.length;
  for (const [variable, { bytes }] of state.memory) {
    if (!variable.writable) continue;
    const { name, type, span } = variable;
    const shift = hasHalves(type) ? 1 : 2;
    count += bytes >> shift;
    if (count > maxNumbers)
      throw new WgslError(`float64: ${count} numbers with ${name}, at most ${maxNumbers}`, span.at);
    const units = bytes >> shift;
    memories.set(variable, Object.assign(numbers(units), { shift, marks: 0, marked: new Uint32Array(units) }));
  }
  return {
    state,
    formats: formatsOf(rounding),
    slots: numbers(state.i32.length),
    memories,
    doubts: new Uint8Array(state.width),
  };
}

/** Forgets what a workgroup leaves behind. */
export function startWorkgroup({ slots, memories, doubts }: Shadow): void {
  slots.kinds.fill(exact);
  doubts.fill(0);
  for (const [{ space }, memory] of memories) {
    if (space !== "workgroup") continue;
    memory.kinds.fill(exact);
    memory.marked.fill(memory.marks);
  }
}

export const formatOf = ({ formats }: Shadow, scalar: ScalarName): Format =>
  scalar === "f16" ? formats.f16 : formats.f32;

/** The float at an index of the slots. */
export function floatAt({ slots, state }: Shadow, i: number): Bounded {
  switch ((slots.kinds[i] as number) & 3) {
    case exact:
      return exactly(state.f32[i] as number);
    case bounded:
      return { value: slots.values[i] as number, bound: slots.bounds[i] as number };
    default:
      return fromBits(state.f32[i] as number, rangeIn(slots, i));
  }
}

const rangeIn = ({ values, bounds }: Numbers, i: number): Range => [values[i] as number, bounds[i] as number];

function fromBits(value: number, bits: Range): Bounded {
  const ends = floatsWithBits(bits);
  return ends ? { value, bound: Math.max(ends[1] - value, value - ends[0]) } : unknown(value);
}

/** The integers or bits that a number may be whose bits say `word`; undefined for all of them. */
export function rangeOfNumber(numbers: Numbers, i: number, word: number): Range | undefined {
  const kind = numbers.kinds[i] as number;
  if (kind & decided) return undefined;
  if (kind === ranged) return rangeIn(numbers, i);
  return kind === bounded ? bitsAt(numbers, i, bitsBetween) : [word, word];
}

/** The same of the number at an index of the slots. */
export const rangeAt = ({ slots, state }: Shadow, i: number, isSigned: boolean): Range | undefined =>
  rangeOfNumber(slots, i, (isSigned ? state.i32 : state.u32)[i] as number);

/** The bits of the magnitude of what is at an index of the slots, where that is a float. */
export function magnitudeAt({ slots }: Shadow, i: number): Range | undefined {
  return slots.kinds[i] === bounded ? bitsAt(slots, i, magnitudeBitsBetween) : undefined;
}

function bitsAt({ values, bounds }: Numbers, i: number, bits: typeof bitsBetween): Range | undefined {
  const number = { value: values[i] as number, bound: bounds[i] as number };
  if (Number.isNaN(number.value) || number.bound === Number.POSITIVE_INFINITY) return undefined;
  return bits(Math.fround(lowest(number)), Math.fround(highest(number)));
}

/** Whether a boolean, an integer or an address may be another one on a GPU. */
export const isDoubtful = ({ slots }: Shadow, i: number): boolean => slots.kinds[i] !== exact;

/** Writes a float, which rounding has decided if `doubt` says so, and its rounded bits. A number that is the same everywhere, but for the sign of zero, is exact. */
export function setFloat({ slots, state }: Shadow, i: number, number: Bounded, format: Format, doubt: number): void {
  const { value, bound } = number;
  const rounded = format.round(value);
  state.f32[i] = rounded;
  const isExact = bound === 0 && value !== 0 && rounded === value;
  slots.kinds[i] = (isExact ? exact : bounded) | doubt;
  slots.values[i] = value;
  slots.bounds[i] = Number.isNaN(bound) ? Number.POSITIVE_INFINITY : bound;
}

/** Notes the range of an integer whose bits are written elsewhere. Undefined are all integers. */
export function setRange({ kinds, values, bounds }: Numbers, i: number, range: Range | undefined, doubt: number): void {
  if (!range) kinds[i] = decided;
  else if (range[0] === range[1]) kinds[i] = exact | doubt;
  else {
    kinds[i] = ranged | doubt;
    values[i] = range[0];
    bounds[i] = range[1];
  }
}

/** Notes a boolean whose bits are written elsewhere: not even one that rounding has decided is more than one of two. */
export function setBoolean(numbers: Numbers, i: number, range: Range | undefined, doubt: number): void {
  setRange(numbers, i, doubt ? anyBoolean : (range ?? anyBoolean), 0);
}

/** Copies what is known, also between slots and memory. */
export function move(from: Numbers, i: number, to: Numbers, j: number, doubt: number): void {
  to.kinds[j] = (from.kinds[i] as number) | doubt;
  to.values[j] = from.values[i] as number;
  to.bounds[j] = from.bounds[i] as number;
}

/** Marks all numbers of a memory: rounding decides which of them are stored to. */
export function markAll(memory: MemoryNumbers): void {
  memory.marks++;
}

/** The index of the number at a byte of memory. */
export function unitAt(memory: MemoryNumbers, byte: number): number {
  const { kinds, marked, marks, shift } = memory;
  const i = byte >> shift;
  if (marked[i] !== marks) kinds[i] = (kinds[i] as number) | decided;
  marked[i] = marks;
  return i;
}

/** Whether rounding has decided what is at a byte of memory. */
export const isDecided = (memory: MemoryNumbers, byte: number): boolean =>
  ((memory.kinds[unitAt(memory, byte)] as number) & decided) !== 0;

/** A number in memory of this type whose bits there say `value`; decided by rounding or not. */
export function numberIn(memory: MemoryNumbers | undefined, byte: number, value: number, scalar: ScalarName): Bounded {
  if (!memory) return exactly(value);
  const i = unitAt(memory, byte);
  const kind = (memory.kinds[i] as number) & 3;
  if (kind === exact) return exactly(value);
  const isFloat = scalar === "f32" || scalar === "f16";
  if (!isFloat) {
    const range = kind === bounded ? bitsAt(memory, i, bitsBetween) : rangeIn(memory, i);
    return rangeAround(value, range && readAs(range, scalar === "i32"));
  }
  if (kind === ranged) return fromBits(value, rangeIn(memory, i));
  return { value: memory.values[i] as number, bound: memory.bounds[i] as number };
}

const rangeAround = (value: number, range: Range | undefined): Bounded =>
  range ? { value, bound: Math.max(range[1] - value, value - range[0]) } : unknown(value);
