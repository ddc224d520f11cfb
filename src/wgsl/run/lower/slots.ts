import { WgslError } from "../../error.ts";
import type { Constant, UserFunction, Variable } from "../program.ts";
import { placesOf, type ScalarName, type Type } from "../types.ts";
import type { Code } from "./code.ts";

/** Temporaries of a function: blocks of slots that are free, by their size, and those in use, the latest last. */
interface Temporaries {
  readonly free: Map<number, number[]>;
  readonly used: { readonly first: number; readonly count: number }[];
}

/** Which slots are whose. */
export interface Slots {
  /** How many there are so far, and at most. */
  count: number;
  readonly most: number;
  readonly variables: Map<Variable, number>;
  readonly results: Map<UserFunction, number>;
  readonly temporaries: Map<UserFunction, Temporaries>;
  readonly addresses: Map<Variable, number>;
  readonly blocks: Map<string, number>;
  readonly constants: Code["constants"][number][];
}

/** No slots yet, and at most so many. */
export const noSlots = (most: number): Slots => ({
  count: 0,
  most,
  variables: new Map(),
  results: new Map(),
  temporaries: new Map(),
  addresses: new Map(),
  blocks: new Map(),
  constants: [],
});

/** `count` numbers from `first` on. */
export const consecutive = (first: number, count: number): number[] => {
  const numbers = new Array<number>(count);
  for (let i = 0; i < count; i++) numbers[i] = first + i;
  return numbers;
};

/** The first of so many new slots. Throws `WgslError` if there is no room for them. */
export function allocate(slots: Slots, count: number, at: number): number {
  const first = slots.count;
  slots.count += count;
  if (slots.count > slots.most) throw new WgslError(`variables need more than ${slots.most} numbers for each lane`, at);
  return first;
}

function firstOf<K>(slots: Slots, known: Map<K, number>, key: K, count: number, at: number): number {
  const first = known.get(key) ?? allocate(slots, count, at);
  known.set(key, first);
  return first;
}

/** The first slot of a variable, a parameter or a `let`. */
export const firstSlot = (slots: Slots, variable: Variable): number =>
  firstOf(slots, slots.variables, variable, variable.type.slots, variable.span.at);

/** The slot of the address that a pointer holds, if it holds one that is not known when lowering. */
export const addressSlot = (slots: Slots, pointer: Variable): number =>
  firstOf(slots, slots.addresses, pointer, 1, pointer.span.at);

/** The slots of what a function returns; none if it returns nothing. */
export function resultSlots(slots: Slots, of: UserFunction): readonly number[] {
  const count = of.result?.slots ?? 0;
  return consecutive(firstOf(slots, slots.results, of, count, of.span.at), count);
}

/** Adjacent slots that are in use until they are released. */
export function temporary(slots: Slots, of: UserFunction, count: number, at: number): readonly number[] {
  const { free, used } = temporariesOf(slots, of);
  const first = free.get(count)?.pop() ?? allocate(slots, count, at);
  used.push({ first, count });
  return consecutive(first, count);
}

function temporariesOf(slots: Slots, of: UserFunction): Temporaries {
  const known = slots.temporaries.get(of) ?? { free: new Map(), used: [] };
  slots.temporaries.set(of, known);
  return known;
}

/** Ends the use of all temporaries of a function. */
export function release(slots: Slots, of: UserFunction): void {
  const { free, used } = temporariesOf(slots, of);
  for (const { first, count } of used.splice(0)) {
    const blocks = free.get(count);
    if (blocks) blocks.push(first);
    else free.set(count, [first]);
  }
}

/** Slots of a constant, not adjacent: equal numbers share one. */
export function constantSlots(slots: Slots, type: Type, value: Constant, at: number): readonly number[] {
  const places = placesOf(type);
  return value.map((one, i) => constantBlock(slots, [one], [(places[i] as (typeof places)[number]).scalar.scalar], at));
}

/** The first of adjacent slots of a constant, for those that are indexed. */
export function constantBlock(slots: Slots, values: Constant, scalars: readonly ScalarName[], at: number): number {
  const key = values.map((value, i) => keyOf(value, scalars[i] as ScalarName)).join();
  const known = slots.blocks.get(key);
  if (known !== undefined) return known;
  const first = allocate(slots, values.length, at);
  slots.blocks.set(key, first);
  values.forEach((value, i) => {
    slots.constants.push({ slot: first + i, scalar: scalars[i] as ScalarName, value });
  });
  return first;
}

const isWhole = (scalar: ScalarName) => scalar !== "f32" && scalar !== "f16" && scalar !== "abstract-float";

/** Numbers with the same bits in a slot have the same key. */
function keyOf(value: number, scalar: ScalarName): string {
  if (isWhole(scalar)) return `i${value | 0}`;
  return Object.is(value, -0) ? "f-0" : `f${value}`;
}
