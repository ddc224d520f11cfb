// Stepping through one workgroup, forwards and backwards: what a page programs against. `openStepper` is in stepper.ts.
import type { RunBinding } from "../bindings.ts";
import type { Mapping } from "../execute/dispatch.ts";
import type { ScalarName, Space } from "../types.ts";

/**
 * What is stepped through. Other workgroups run as a whole: those before the one under the lens come before its first
 * step, the rest only for `finish`.
 */
export interface StepperOptions {
  /** Buffers. The stepper copies them and never writes to these. */
  readonly bindings: readonly RunBinding[];
  readonly workgroups: readonly [x: number, y?: number, z?: number];
  /** Needed only where the text has several entry points. */
  readonly entryPoint?: string;
  /** Threads of a subgroup: a power of two from 4 to 128, 32 unless given. */
  readonly subgroupSize?: number;
  /** Linear unless given. */
  readonly mapping?: Mapping | undefined;
  /** Values of `override` declarations, by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** `workgroup_id` of the workgroup that is stepped through: the first one unless given. */
  readonly lens?: readonly [x: number, y: number, z: number];
  /** Which lanes step together: those of a subgroup, unless given, or all of the workgroup. */
  readonly strands?: "subgroup" | "workgroup";
  /** Steps that the workgroup may take, 4 million unless given (and at most); other workgroups may take 50 million. */
  readonly maxSteps?: number;
  /** Bytes that snapshots may take, 64 MiB unless given. */
  readonly maxBytes?: number;
}

/**
 * A run of one workgroup with a position in time. Lanes that step together are a strand. A step is one operation of one
 * strand, or that all of them leave a barrier; step n is the state after n of them: 0 before the first, `total` after the
 * last. A strand runs until a barrier or its end, then the next one does.
 *
 * In a worker:
 *
 * ```ts
 * const stepper = openStepper(wgsl, options);            // throws WgslError, with its line, for what cannot run
 * while (!stepper.advance(20_000)) await otherMessages(); // runs to the end once; what has run can be visited meanwhile
 * stepper.goTo(120);                                      // forwards or backwards, up to `stepper.reached`
 * stepper.go({ to: "statement", how: "over", direction: "next", strand: 0 });
 * post(stepper.where(), stepper.lanes(), stepper.watch("sum * 2", 0), stepper.accesses(0));
 * ```
 *
 * All results are plain objects and typed arrays of their own, which `postMessage` may transfer.
 */
export interface Stepper {
  readonly entryPoint: string;
  readonly workgroupSize: readonly [number, number, number];
  /** Lanes of the workgroup, counted by subgroups. */
  readonly width: number;
  /** `local_invocation_index` of each lane: the lane's own number unless `mapping` is `permuted`. */
  readonly threads: Uint16Array;
  readonly subgroupSize: number;
  /** The lanes of each strand. */
  readonly strands: readonly { readonly first: number; readonly end: number }[];
  /** Lines on which statements begin: where breakpoints can stop. */
  readonly lines: readonly number[];
  /** Buffers and variables in workgroup memory that the entry point uses. Other methods take an index in this list. */
  readonly memories: readonly MemoryInfo[];
  /** Where the run stands. */
  readonly step: () => number;
  /** The last step that has run. Steps up to it can be visited. */
  readonly reached: () => number;
  /** Steps of the whole run; undefined until `advance` has come to its end. */
  readonly total: () => number | undefined;
  /** How the run ended; undefined until `advance` has come to its end. */
  readonly end: () => RunEnd | undefined;
  /**
   * Runs on from `reached` by about so many steps, workgroups before the lens included, and leaves `step` where it is.
   * Returns whether the end is reached.
   */
  readonly advance: (steps: number) => boolean;
  /** Goes to a step from 0 to `reached`; others are a RangeError. */
  readonly goTo: (step: number) => void;
  /**
   * Searches what has run, from the current step on, and goes to what it finds. `none` leaves the step as it is. `more`
   * comes from queries that have to evaluate something: so many steps were searched, the run stands at the last one of
   * them, and the same query searches on.
   */
  readonly go: (query: Query, maxSteps?: number) => "found" | "none" | "more";
  readonly where: () => Where;
  readonly lanes: () => LaneStates;
  /**
   * What an expression gives for all lanes, in the scope where a strand stands: any WGSL without stores, calls of the
   * text's functions and barriers, such as `sum`, `tile[lane] * 2`, `*pointer`, `any(values > limit)`. Lanes that are not
   * active there have the last values that their variables had. `#epoch` is the number of barriers that the workgroup has
   * passed; `#reads(x[i])` and `#writes(x[i])` say how often it has accessed an element's first word so far.
   */
  readonly watch: (expression: string, strand: number) => Watched | Refused;
  /** Names that `watch` may use where a strand stands, the innermost first, then those of the module. */
  readonly variables: (strand: number) => readonly VariableInfo[];
  /** The content of memory at the current step, with how often this workgroup has read and written each word so far. */
  readonly memory: (index: number) => MemoryState;
  /** The write of this workgroup that a word's content comes from; undefined if it has not written it so far. */
  readonly lastWrite: (index: number, word: number) => Write | undefined;
  /** The accesses that the statement at which a strand stands makes next; those of functions it calls are not among them. */
  readonly accesses: (strand: number) => readonly Request[];
  /** What happened in the steps that have run. */
  readonly marks: () => Marks;
  /** Buffers that are written, after all workgroups have run, in the order of `memories`. Needs a run that has ended. */
  readonly finish: () => readonly { readonly memory: number; readonly bytes: Uint8Array }[];
}

/** A buffer, or a variable in workgroup memory. */
export interface MemoryInfo {
  readonly name: string;
  readonly space: Space;
  /** As WGSL spells it: `array<vec4<f32>>`. */
  readonly type: string;
  readonly bytes: number;
  readonly writable: boolean;
  /** Of a buffer. */
  readonly group: number | undefined;
  readonly binding: number | undefined;
  /** The scalars of the element of an array, or of the value: how to read its bytes. */
  readonly scalars: readonly { readonly scalar: ScalarName; readonly offset: number }[];
  /** Bytes from one element to the next; `bytes` for what is no array. */
  readonly stride: number;
}

/** How a run ended. */
export interface RunEnd {
  readonly kind: "ended" | "divergence" | "steps";
  /** What is wrong, if it did not end by itself. */
  readonly message: string | undefined;
  readonly line: number | undefined;
}

/** What to go to. Searches go from the current step to the next or the previous one that fits. */
export type Query = {
  readonly direction: "next" | "previous";
} /** A statement of this strand: also one in functions it calls, not those, or only after the function's end. */ & (
  | { readonly to: "statement"; readonly how: "into" | "over" | "out"; readonly strand: number }
  /** All strands wait at a barrier. */
  | { readonly to: "barrier" }
  /** The start of a turn of the innermost loop that the strand is in. */
  | { readonly to: "turn"; readonly strand: number }
  /** A step that accesses memory out of bounds or is the second of a race, or the end of a run that has failed. */
  | { readonly to: "fault" }
  | { readonly to: "print" }
  /** A step that makes a NaN of operands that are numbers. */
  | { readonly to: "nan" }
  /** A step in which a lane, or any, accesses a word of memory. */
  | { readonly to: "access"; readonly memory: number; readonly word: number; readonly lane?: number }
  /** A strand comes to a line where one of these stops it, or does what one of them is for. */
  | { readonly to: "breakpoint"; readonly breakpoints: readonly Breakpoint[] }
);

/** Where to stop: at a line, or before what happens anywhere. */
export type Breakpoint =
  | LineBreakpoint
  /** A step that `{ to: "fault" }` or `{ to: "nan" }` would go to. */
  | { readonly on: "fault" | "nan" }
  /** A write to a word of memory. */
  | { readonly on: "write"; readonly memory: number; readonly word: number };

/** A line at which to stop. */
export interface LineBreakpoint {
  readonly line: number;
  /** A boolean expression, as `watch` takes it, for the lanes that are active. */
  readonly condition?: string;
  /** How many of them it has to hold for: any unless given. */
  readonly lanes?: "any" | "all";
  /** Stops this strand alone. */
  readonly strand?: number;
}

/** A place in the text. */
export interface SourcePlace {
  /** From 1. */
  readonly line: number;
  /** Characters from the start of the text, from the first one to the one after the last. */
  readonly at: number;
  readonly end: number;
}

/** Where all strands stand. */
export interface Where {
  readonly step: number;
  /** The strand that takes the next step; undefined where all of them wait at a barrier, and at the end of the run. */
  readonly next: number | undefined;
  /** How many barriers the workgroup has passed. */
  readonly barriers: number;
  readonly strands: readonly StrandPlace[];
}

/** Where a strand stands. */
export interface StrandPlace {
  readonly status: "ready" | "barrier" | "ended";
  /** What it does next; where it waits; the end of the entry point. */
  readonly place: SourcePlace;
  /** The functions it is in, the innermost first, with the place in each: `place`, then the calls. */
  readonly calls: readonly { readonly name: string; readonly place: SourcePlace }[];
  /** How many turns of the innermost loop that it is in it has begun; undefined outside of loops. */
  readonly turn: number | undefined;
  readonly activeLanes: number;
}

/** What lanes do. */
export type LaneStatus = (typeof laneStatuses)[number];

/** Statuses of lanes; `LaneStates.status` holds indices of this list. */
export const laneStatuses = [
  /** Does what its strand does. */
  "active",
  /** Took another branch, left a loop or returned from a function, and goes on later. */
  "waiting",
  /** Waits at a barrier. */
  "barrier",
  /** Returned from the entry point. */
  "returned",
] as const;

/** What each lane of the workgroup does. */
export interface LaneStates {
  readonly status: Uint8Array;
  /** The line at which a waiting lane goes on; 0 for other lanes. */
  readonly rejoins: Int32Array;
}

/** A value of each lane. */
export interface Watched {
  readonly type: string;
  /** The type of each scalar of the value, and its name in it: "" of a scalar, ".x", "[2].rows". */
  readonly scalars: readonly { readonly scalar: ScalarName; readonly label: string }[];
  /** Scalar i of lane l is at `l · scalars.length + i`; booleans are 0 and 1. */
  readonly values: Float64Array;
}

/** Why an expression has no value, with the character of the expression where the reason is. */
export interface Refused {
  readonly refused: string;
  readonly at: number;
}

/** A name in scope. */
export interface VariableInfo {
  readonly name: string;
  readonly type: string;
  /** `value` is a `let` or a parameter. */
  readonly space: Space | "value";
  /** Scalars of its value; more than 256 are too many for `watch`, which takes elements of it. */
  readonly scalars: number;
}

/** The content of memory. */
export interface MemoryState {
  readonly bytes: Uint8Array;
  /** How many lanes have read and written each word of four bytes, in this workgroup up to the current step. */
  readonly reads: Uint32Array;
  readonly writes: Uint32Array;
}

/** A write to memory. */
export interface Write {
  /** `goTo` this step to see the strand before the statement that writes. */
  readonly step: number;
  readonly lane: number;
  readonly place: SourcePlace;
}

/** What one access asks memory for, for the active lanes of a strand. */
export interface Request {
  readonly kind: "load" | "store" | "atomic";
  readonly memory: number;
  readonly place: SourcePlace;
  /** Bytes that each lane accesses, from its address on. */
  readonly bytes: number;
  readonly lanes: Int32Array;
  /** Bytes from the start of the memory; −1 is out of bounds. */
  readonly addresses: Int32Array;
}

/** What happened in a run, for a time line. Lists hold the first 10,000 of each kind. */
export interface Marks {
  /** Steps after which all strands wait at a barrier. */
  readonly barriers: readonly { readonly step: number; readonly line: number }[];
  /**
   * Steps that access memory out of bounds or are the second of a race (the state before them), and the end of a run that
   * has failed.
   */
  readonly faults: readonly {
    readonly step: number;
    readonly line: number;
    readonly kind: "out-of-bounds" | "race" | "divergence" | "steps";
    readonly message: string;
    /** Of a race: the word, the lane that accesses it now, and the one that did before, at another line perhaps. */
    readonly race?: {
      readonly kind: "write-write" | "read-write" | "wrong-barrier";
      readonly memory: number;
      readonly word: number;
      readonly lane: number;
      readonly earlier: { readonly lane: number; readonly line: number };
    };
  }[];
  /** What was printed, in the order of the run; `step` is that before the statement. */
  readonly prints: readonly {
    readonly step: number;
    readonly line: number;
    readonly lane: number;
    readonly values: readonly number[];
  }[];
  /** Stretches of steps that one strand takes, in order: strand, its first step, the step after its last. */
  readonly stretches: Int32Array;
  /** Marks of any kind that are beyond the lists. */
  readonly dropped: number;
}
