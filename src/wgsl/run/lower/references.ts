// Places in memory: their addresses, loads and stores.
import type { Expression, Reference } from "../program.ts";
import { placesOf, type Type } from "../types.ts";
import type { Length, Pointer } from "./code.ts";
import { compileInto, copy, emit, isInSlots, kept, type Lowering, type Target, temporaries } from "./lowering.ts";
import { consecutive, firstSlot } from "./slots.ts";

/** Where a reference is, its indices evaluated. */
export function locate(lowering: Lowering, reference: Reference): Pointer {
  const start = lowering.pointers.get(reference.root) ?? { variable: reference.root, offset: 0, address: undefined };
  const { variable } = start;
  const inSlots = isInSlots(variable);
  if (!inSlots) lowering.memory.add(variable);
  if (variable.space === "private") lowering.privates.add(variable);
  let { offset, address } = start;
  for (const step of reference.steps) {
    if (step.kind === "inside") {
      offset += inSlots ? step.slot : step.offset;
      continue;
    }
    const stride = inSlots ? step.type.slots : step.stride;
    const known = step.index.kind === "constant" ? step.index.value[0] : undefined;
    if (known !== undefined && known >= 0 && known < (step.count ?? 0)) {
      offset += known * stride;
      continue;
    }
    const [index = 0] = lowering.compile(lowering, step.index);
    const count = step.count ?? { variable, offset, stride };
    address = elementAddress(lowering, index, address, count, stride, step.index.span.at);
  }
  return { variable, offset, address };
}

/** The slot of an element's address, from that of its index. */
export function elementAddress(
  lowering: Lowering,
  index: number,
  before: number | undefined,
  count: number | Length,
  stride: number,
  at: number,
): number {
  const [to = 0] = temporaries(lowering, 1, at);
  emit(lowering, { kind: "address", to, before, index, count, stride, at });
  return to;
}

/** What a pointer points to. */
export function pointerOf(lowering: Lowering, expression: Expression): Pointer {
  if (expression.kind === "address") return locate(lowering, expression.of);
  const known = expression.kind === "value" ? lowering.pointers.get(expression.variable) : undefined;
  if (!known) throw new Error(`a pointer made by ${expression.kind}`);
  return known;
}

/** Loads a value. That of a variable of a function with known indices is in the variable's own slots. */
export function load(lowering: Lowering, reference: Reference, target?: Target): readonly number[] {
  return loadFrom(lowering, locate(lowering, reference), reference, reference.type, target);
}

/** Loads a value from where a reference is. */
export function loadFrom(
  lowering: Lowering,
  { variable, offset, address }: Pointer,
  reference: Reference,
  type: Type,
  target?: Target,
): readonly number[] {
  const { at } = reference.span;
  if (isInSlots(variable)) {
    const first = firstSlot(lowering.slots, variable) + offset;
    if (address === undefined) return consecutive(first, type.slots);
    const to = target?.slots ?? temporaries(lowering, type.slots, at);
    emit(lowering, { kind: "gather", to, first, address, at });
    return to;
  }
  const to = target?.slots ?? temporaries(lowering, type.slots, at);
  const site = { variable, offset, address, reference };
  emit(lowering, { kind: "load", to, site, places: placesOf(reference.type), at });
  return to;
}

/** `to = value`: the place first, then the value, then the store. */
export function store(lowering: Lowering, to: Reference, value: Expression): void {
  const pointer = locate(lowering, to);
  const slots = ownSlots(lowering, pointer, to.type);
  if (slots) compileInto(lowering, value, { slots, isFresh: false });
  else storeTo(lowering, pointer, to, lowering.compile(lowering, value));
}

/** The slots of a place in a variable of a function, if its indices are known. */
export function ownSlots(
  { slots }: Lowering,
  { variable, offset, address }: Pointer,
  type: Type,
): readonly number[] | undefined {
  if (!isInSlots(variable) || address !== undefined) return undefined;
  return consecutive(firstSlot(slots, variable) + offset, type.slots);
}

/** Stores a value where a reference is. */
export function storeTo(lowering: Lowering, pointer: Pointer, reference: Reference, from: readonly number[]): void {
  const { variable, offset, address } = pointer;
  const { at } = reference.span;
  const own = ownSlots(lowering, pointer, reference.type);
  if (own) copy(lowering, own, from, at);
  else if (isInSlots(variable)) scatter(lowering, pointer, from, at);
  else {
    const site = { variable, offset, address, reference };
    emit(lowering, { kind: "store", from, site, places: placesOf(reference.type), at });
  }
}

/** Stores to a variable of a function, some index of which is dynamic. */
function scatter(
  lowering: Lowering,
  { variable, offset, address = 0 }: Pointer,
  from: readonly number[],
  at: number,
): void {
  const first = firstSlot(lowering.slots, variable);
  const isInside = from.some((slot) => slot >= first && slot < first + variable.type.slots);
  const safe = isInside && from.length > 1 ? kept(lowering, from, at) : from;
  emit(lowering, { kind: "scatter", first: first + offset, address, from: safe, at });
}
