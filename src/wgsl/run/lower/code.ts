// What a program is lowered to: a flat list of operations. Most of them run instructions for all lanes that are active;
// the others decide which lanes are active, and what comes next. Both are data: a mode of execution decides what an
// instruction does.
import type { Span } from "../../tree.ts";
import type { Constant, Reference, UserFunction, Variable } from "../program.ts";
import type { Place, ScalarName } from "../types.ts";

/** A number of each lane. Booleans are 0 and 1; f16 is kept as the f32 of the same value. */
export interface Slot {
  readonly slot: number;
  readonly scalar: ScalarName;
}

/** How many elements of a runtime-sized array a buffer has room for, from `offset` bytes on. */
export interface Length {
  readonly variable: Variable;
  readonly offset: number;
  readonly stride: number;
}

/** A place in a buffer or in workgroup memory: `offset` bytes from its start, and those that a slot holds. */
export interface Site {
  readonly variable: Variable;
  readonly offset: number;
  /** The slot of an address, see the instruction of this name; undefined if no index is dynamic. */
  readonly address: number | undefined;
  readonly reference: Reference;
}

/** What each active lane does, the lanes in ascending order. `at` is its position in the text. */
export type Instruction = {
  readonly at: number;
} /** One scalar of an operator, or of a builtin function that takes components one by one. */ & (
  | { readonly kind: "scalar"; readonly name: string; readonly to: Slot; readonly from: readonly Slot[] }
  | { readonly kind: "convert"; readonly to: Slot; readonly from: Slot }
  | { readonly kind: "bitcast"; readonly to: readonly Slot[]; readonly from: readonly Slot[] }
  /** A builtin function whose results depend on several components. */
  | {
      readonly kind: "whole";
      readonly name: string;
      readonly to: readonly Slot[];
      readonly from: readonly (readonly Slot[])[];
      readonly scalar: ScalarName;
      /** Of the first operand, if it is a matrix; else 1. */
      readonly columns: number;
    }
  /** Slot by slot, in order. */
  | { readonly kind: "copy"; readonly to: readonly number[]; readonly from: readonly number[] }
  /**
   * `to = before + index·stride`: an address, in bytes of memory or in slots. It is −1 where an index is out of
   * bounds, here or before.
   */
  | {
      readonly kind: "address";
      readonly to: number;
      readonly before: number | undefined;
      readonly index: number;
      readonly count: number | Length;
      readonly stride: number;
    }
  /** Slots from an address on, counted from slot `first`. Out of bounds they are 0. */
  | { readonly kind: "gather"; readonly to: readonly number[]; readonly first: number; readonly address: number }
  /** To an address, counted from slot `first`. Out of bounds nothing is stored. */
  | { readonly kind: "scatter"; readonly first: number; readonly address: number; readonly from: readonly number[] }
  /** A value in memory. Out of bounds it is 0. */
  | { readonly kind: "load"; readonly to: readonly number[]; readonly site: Site; readonly places: readonly Place[] }
  /** Out of bounds nothing is stored. */
  | { readonly kind: "store"; readonly from: readonly number[]; readonly site: Site; readonly places: readonly Place[] }
  /** Lane by lane. Out of bounds it gives 0. `to` is empty if nothing uses what it gives. */
  | {
      readonly kind: "atomic";
      readonly name: string;
      readonly site: Site;
      readonly scalar: ScalarName;
      readonly to: readonly number[];
      readonly values: readonly number[];
    }
  | { readonly kind: "length"; readonly to: number; readonly length: Length }
  /** Over the active lanes of each subgroup. `other` is the second argument: a lane's number, or a difference of it. */
  | {
      readonly kind: "subgroup";
      readonly name: string;
      readonly to: readonly Slot[];
      readonly from: readonly Slot[];
      readonly other: number | undefined;
    }
  | { readonly kind: "print"; readonly values: readonly Slot[] }
);

/** Where an operation stands in the list; known when lowering is done. */
export interface Label {
  position: number;
}

/** A boolean of each lane, or its opposite. */
export interface Condition {
  readonly slot: number;
  readonly isNegated: boolean;
}

/**
 * An operation. `if`, `loop`, `switch` and `call` open a frame, which keeps the lanes that were active; `join`, `end`
 * and `leave` close it. A lane that breaks, continues or returns waits for a frame, and is active again at its end (at
 * `continuing` of a loop, if it continues). `target` is where the strand goes on when no lane is left.
 */
export type Operation = { readonly span: Span } & (
  | { readonly kind: "run"; readonly instructions: readonly Instruction[] }
  /** The lanes of `otherwise` come after the others; without it they wait at `target`. */
  | {
      readonly kind: "if";
      readonly condition: Condition;
      readonly otherwise: Label | undefined;
      readonly target: Label;
    }
  | { readonly kind: "else"; readonly target: Label }
  | { readonly kind: "join"; readonly target: Label }
  | { readonly kind: "loop" }
  | { readonly kind: "continuing"; readonly target: Label }
  /** Back to the start of a loop's body. */
  | { readonly kind: "repeat"; readonly target: Label }
  /** The end of a loop or a switch. */
  | { readonly kind: "end"; readonly target: Label }
  /** Lanes wait, all of them without a condition: for the frame that is this many levels further out. */
  | {
      readonly kind: "wait";
      readonly condition: Condition | undefined;
      readonly levels: number;
      readonly isContinue: boolean;
      readonly target: Label;
    }
  /** Writes the number of the case that each lane takes to a slot. */
  | {
      readonly kind: "switch";
      readonly value: number;
      readonly chosen: number;
      readonly cases: ReadonlyMap<number, number>;
      readonly otherwise: number;
    }
  | { readonly kind: "case"; readonly chosen: number; readonly number: number; readonly target: Label }
  | { readonly kind: "call"; readonly target: Label }
  | { readonly kind: "leave" }
  /** `loads` run for all strands before any of them goes on. */
  | {
      readonly kind: "barrier";
      readonly of: "workgroup" | "storage" | "texture";
      readonly loads: readonly Instruction[];
    }
);

/** What a pointer points to: a variable, `offset` bytes or slots into it, and those that a slot holds. */
export interface Pointer {
  readonly variable: Variable;
  readonly offset: number;
  readonly address: number | undefined;
}

/** The operations of a function, as called with certain pointers: from `first` to before `end`. */
export interface LoweredFunction {
  readonly function: UserFunction;
  readonly first: number;
  readonly end: number;
  /** What its parameters and `let`s point to. */
  readonly pointers: ReadonlyMap<Variable, Pointer>;
}

/** A lowered entry point. Its first operation is that of its function. */
export interface Code {
  readonly operations: readonly Operation[];
  /** In the order of their operations, that of the entry point first. */
  readonly functions: readonly LoweredFunction[];
  /** Slots of a lane. */
  readonly slots: number;
  /** The most frames that are open at a time. */
  readonly depth: number;
  /** Constants, which fill their slots before the first workgroup starts. */
  readonly constants: readonly { readonly slot: number; readonly scalar: ScalarName; readonly value: number }[];
  /** The first slots of variables, parameters and `let`s. */
  readonly variables: ReadonlyMap<Variable, number>;
  /** Private variables, whose values are set at the start of each workgroup. */
  readonly privates: readonly { readonly variable: Variable; readonly initial: Constant | undefined }[];
  /** Buffers and variables in workgroup memory that the code uses. */
  readonly memory: ReadonlySet<Variable>;
}
