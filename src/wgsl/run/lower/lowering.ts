import { WgslError } from "../../error.ts";
import type { Span } from "../../tree.ts";
import type { Expression, Reference, UserFunction, Variable } from "../program.ts";
import { placesOf, type Type } from "../types.ts";
import type { Instruction, Label, Operation, Pointer, Slot } from "./code.ts";
import { constantSlots, release, type Slots, temporary } from "./slots.ts";

/** A function as it is called with pointers to certain variables. */
export interface Instance {
  readonly function: UserFunction;
  readonly pointers: ReadonlyMap<Variable, Pointer>;
  readonly start: Label;
  /** How many frames are open where it calls another one. */
  readonly calls: { readonly nesting: number; readonly callee: Instance }[];
  /** The most frames that it has open by itself. */
  deepest: number;
}

/** Where the statements being lowered are. */
export interface Surroundings {
  /** Frames that are open in the function. */
  readonly nesting: number;
  /** Where a strand goes on that has no lane left. */
  readonly exit: Label;
  /** The nesting of the innermost loop or switch, and of the innermost loop. */
  readonly breakable: number;
  readonly loop: number;
}

/** The state of a lowering. */
export interface Lowering {
  readonly slots: Slots;
  readonly operations: Operation[];
  /** Instances of functions by their keys, in the order in which they are lowered. */
  readonly instances: Map<string, Instance>;
  readonly numbers: Map<object, number>;
  readonly memory: Set<Variable>;
  readonly privates: Set<Variable>;
  readonly compile: (lowering: Lowering, expression: Expression, target?: Target) => readonly number[];
  /** Instructions of the operation that is put together. */
  pending: Instruction[];
  /** Slots that instructions name, those of large values one by one. */
  numbersNamed: number;
  /** The statement that they belong to. */
  span: Span;
  instance: Instance;
  /** Pointers of the instance: parameters and `let`s. */
  pointers: Map<Variable, Pointer>;
  surroundings: Surroundings;
}

/**
 * Where an expression may leave its value. A fresh one holds nothing that the expression reads; any other one may be
 * written only after all operands are computed.
 */
export interface Target {
  readonly slots: readonly number[];
  readonly isFresh: boolean;
}

/** The most slots that instructions may name. Each takes some ten bytes. */
const mostNamed = 4_000_000;

/** Adds an instruction to the operation. Throws `WgslError` if a text copies large values too often. */
export function emit(lowering: Lowering, instruction: Instruction): void {
  lowering.numbersNamed += namedIn(instruction);
  if (lowering.numbersNamed > mostNamed) throw new WgslError("too many large values are copied", instruction.at);
  lowering.pending.push(instruction);
}

function namedIn(instruction: Instruction): number {
  switch (instruction.kind) {
    case "copy":
    case "gather":
    case "load":
      return instruction.to.length;
    case "scatter":
    case "store":
      return instruction.from.length;
    case "print":
      return instruction.values.length;
    default:
      return 1;
  }
}

/** Ends the operation that runs instructions, if there are any, and adds one. */
export function control(lowering: Lowering, operation: Operation): void {
  flush(lowering);
  lowering.operations.push(operation);
}

/** Ends the operation that runs instructions, if there are any. */
export function flush(lowering: Lowering): void {
  if (lowering.pending.length === 0) return;
  lowering.operations.push({ kind: "run", instructions: lowering.pending, span: lowering.span });
  lowering.pending = [];
}

/** Lets a label stand for the next operation. */
export function place(lowering: Lowering, label: Label): void {
  flush(lowering);
  label.position = lowering.operations.length;
}

/** A label that stands nowhere yet. */
export const newLabel = (): Label => ({ position: -1 });

/** Lowers something inside of other surroundings. */
export function within(lowering: Lowering, inner: Surroundings, lower: () => void): void {
  const outer = lowering.surroundings;
  const { instance } = lowering;
  instance.deepest = Math.max(instance.deepest, inner.nesting);
  lowering.surroundings = inner;
  lower();
  flush(lowering);
  lowering.surroundings = outer;
}

/** Slots for a value in the middle of a statement. */
export const temporaries = ({ slots, instance }: Lowering, count: number, at: number): readonly number[] =>
  temporary(slots, instance.function, count, at);

export const releaseTemporaries = ({ slots, instance }: Lowering): void => release(slots, instance.function);

/** The slots of a value of the type, each with its scalar type. */
export function typed(slots: readonly number[], type: Type): readonly Slot[] {
  const places = placesOf(type);
  return slots.map((slot, i) => ({ slot, scalar: (places[i] as (typeof places)[number]).scalar.scalar }));
}

/** Copies slots, all of them as if at once. */
export function copy(lowering: Lowering, to: readonly number[], from: readonly number[], at: number): void {
  if (to.every((slot, i) => slot === from[i])) return;
  let source = from;
  if (isOverwritten(to, from)) {
    source = temporaries(lowering, from.length, at);
    emit(lowering, { kind: "copy", to: source, from, at });
  }
  emit(lowering, { kind: "copy", to, from: source, at });
}

/** Whether writing `to` slot by slot changes what is read from `from` later. */
export function isOverwritten(to: readonly number[], from: readonly number[]): boolean {
  if (to.length < 2 || areDisjoint(to, from)) return false;
  const written = new Set<number>();
  for (const [i, slot] of from.entries()) {
    if (written.has(slot)) return true;
    written.add(to[i] as number);
  }
  return false;
}

/** Whether all slots of one list come before all those of the other. */
function areDisjoint(a: readonly number[], b: readonly number[]): boolean {
  const [leastA, mostA] = rangeOf(a);
  const [leastB, mostB] = rangeOf(b);
  return mostA < leastB || mostB < leastA;
}

function rangeOf(slots: readonly number[]): readonly [least: number, most: number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const slot of slots) {
    least = Math.min(least, slot);
    most = Math.max(most, slot);
  }
  return [least, most];
}

/** The same value in temporaries of its own, which no call changes. */
export function kept(lowering: Lowering, from: readonly number[], at: number): readonly number[] {
  const to = temporaries(lowering, from.length, at);
  copy(lowering, to, from, at);
  return to;
}

/** Computes an expression into these slots. */
export function compileInto(lowering: Lowering, expression: Expression, target: Target): void {
  const slots = lowering.compile(lowering, expression, target);
  if (slots !== target.slots) copy(lowering, target.slots, slots, expression.span.at);
}

/** Zeros, one for each scalar of the type. */
export const zeros = (lowering: Lowering, type: Type, at: number): readonly number[] =>
  constantSlots(lowering.slots, type, new Array<number>(type.slots).fill(0), at);

export const isInSlots = ({ space }: Variable | Reference): boolean => space === "function" || space === "private";
