// Messages between the page and the thread that interprets kernels.
import type { AccessCounts, Counts } from "../../../src/wgsl/run/count/counter.ts";
import type { Mapping } from "../../../src/wgsl/run/execute/dispatch.ts";
import type { Float64Numbers } from "../../../src/wgsl/run/float64/comparison.ts";
import type { FoundNote, FoundRace, PrintedLine, SourceLine } from "../../../src/wgsl/run/results.ts";
import type {
  Breakpoint,
  LaneStates,
  Marks,
  MemoryInfo,
  MemoryState,
  Query,
  Refused,
  Request,
  RunEnd,
  VariableInfo,
  Watched,
  Where,
  Write,
} from "../../../src/wgsl/run/step/types.ts";
import type { Space } from "../../../src/wgsl/run/types.ts";
import type { OwnBuffers } from "../own/given.ts";

/** What is studied: a kernel with the reader's choices. */
export interface Study {
  readonly kernel: string;
  /** Sizes of the dispatch, and values of constants, that differ from the usual ones. */
  readonly sizes: Readonly<Record<string, number>>;
  readonly constants: Readonly<Record<string, number>>;
  /** Texts of files that the reader has changed, by name. */
  readonly edits: Readonly<Record<string, string>>;
  readonly seed: number;
  readonly subgroupSize: number;
  readonly mapping: Mapping;
  /** Buffers and a grid in the place of those of the kernel's record. */
  readonly own?: OwnBuffers | undefined;
}

/** Whether the reader has changed a file. */
export const isEdited = ({ edits }: Study): boolean => Object.keys(edits).length > 0;

/** Whether what runs is the kernel's text in the repository, on the dispatch of its record. */
export const isOfRecord = (study: Study): boolean => !isEdited(study) && study.own === undefined;

/** A file of a kernel as it runs: its constants are those of the dispatch. */
export interface SourceFile {
  /** Its path under `shaders/`, without ending. */
  readonly name: string;
  readonly text: string;
}

/** A line of a file, from 1. */
export interface FileLine {
  readonly file: string;
  readonly line: number;
}

/** A size of a dispatch that may be chosen. */
export interface SizeField {
  readonly name: string;
  readonly meaning: string;
  readonly value: number;
}

/** What a study consists of, once its kernel is fetched. */
export interface Prepared {
  /** The kernel's files without the reader's changes, its own first. */
  readonly files: readonly SourceFile[];
  readonly sizes: readonly SizeField[];
  readonly workgroups: readonly [number, number, number];
  /** Sizes and fields of uniforms, by name: what axes of shapes may be. */
  readonly axes: Readonly<Record<string, number>>;
}

/** The text that runs: its files joined. */
export interface Joined {
  readonly code: string;
  /** Where line `i` (from 0) of the text comes from. */
  readonly lines: readonly FileLine[];
}

/** An access in the text, with the requests that all workgroups made there. */
export interface AccessFigures extends Omit<AccessCounts, "variable" | "at"> {
  /** Of the joined text, from 1. */
  readonly line: number;
  /** The memory. */
  readonly name: string;
  readonly space: Space;
}

/** What a dispatch requested and computed, of all workgroups together. */
export interface Counted extends Pick<Counts, "operations" | "shuffles" | "workgroups" | "activeShare"> {
  readonly accesses: readonly AccessFigures[];
  /** Bytes of each memory that were touched at least once, by name. */
  readonly touched: Readonly<Record<string, number>>;
  readonly barriers: number;
  readonly workgroupBytes: number;
  readonly threads: number;
  /** How often threads of a subgroup took both sides, by line. */
  readonly parted: readonly { readonly line: number; readonly count: number }[];
  /** What the kernel's record says that it costs, by name. */
  readonly formulas: Readonly<Record<string, number>> | undefined;
}

/** What a buffer holds that was written, and what it should hold. */
export interface Output {
  readonly name: string;
  readonly scalar: string;
  readonly values: Float64Array;
  /** In float64; undefined where the kernel has no definition to compare with. */
  readonly expected: Float64Array | undefined;
}

/** A run in float64, which comes after the report. */
export interface Float64Report {
  /** What the text that runs gives, by the names of outputs. */
  readonly outputs: Readonly<Record<string, Float64Numbers>>;
  /**
   * What the text in the repository gives in float64, by the names of outputs: what to compare with where the kernel has
   * no definition.
   */
  readonly usual: Readonly<Record<string, Float64Array>>;
}

/** What a dispatch with races, or whose result depends on the order of atomic functions, leaves in random orders. */
export interface OtherOrders {
  /** How many were run. */
  readonly runs: number;
  /** Why the last of them did not end. */
  readonly failure?: string;
  /** The first one that left something else: how many values of an output differ, and one of them. */
  readonly differing?: {
    readonly name: string;
    readonly count: number;
    readonly index: number;
    readonly values: readonly [ascending: number, other: number];
  };
}

/** The whole dispatch, run once. */
export interface RunReport {
  readonly counted: Counted;
  readonly races: readonly FoundRace[];
  readonly notes: readonly FoundNote[];
  readonly outOfBounds: readonly SourceLine[];
  /** Barriers that not all threads of a workgroup reach. */
  readonly divergence: readonly SourceLine[];
  /** What a browser may refuse though it runs here. */
  readonly hints: readonly (SourceLine & { readonly message: string })[];
  readonly outputs: readonly Output[];
  /** What was printed in all workgroups, by lines of the joined text. */
  readonly prints: readonly PrintedLine[];
  readonly droppedPrints: number;
  /** The function that the outputs are compared with. */
  readonly reference: string | undefined;
}

/** What a frame is to hold, in addition to where the run stands. */
export interface FrameWishes {
  /** The strand that is looked at. */
  readonly strand: number;
  readonly watches: readonly string[];
  /** The memory that is shown, by its name; else the one that is accessed. */
  readonly memory: string | undefined;
}

/** Where to go: nowhere, to a step, or to what a query finds. */
export type Move =
  | { readonly kind: "stay" }
  | { readonly kind: "step"; readonly step: number }
  | { readonly kind: "query"; readonly query: Query }
  /** To the next or the previous breakpoint; without one, to the end or the start. */
  | {
      readonly kind: "run";
      readonly direction: "next" | "previous";
      readonly breakpoints: readonly Breakpoint[];
      /** Where the search begins, unless at the current step. */
      readonly from?: number;
    }
  /** To the write that a word's content comes from. */
  | { readonly kind: "write"; readonly memory: number; readonly word: number };

/** What never changes while a workgroup is stepped through. */
export interface Opened {
  readonly workgroupSize: readonly [number, number, number];
  readonly width: number;
  /** `local_invocation_index` of each lane: what is said of lanes counts them by subgroups. */
  readonly threads: Uint16Array;
  readonly subgroupSize: number;
  readonly strands: readonly { readonly first: number; readonly end: number }[];
  readonly memories: readonly MemoryInfo[];
}

/** The state of a run at a step, as far as it is shown. */
export interface Frame {
  /** Whether the move found what it searched for. */
  readonly found: boolean;
  readonly strand: number;
  readonly where: Where;
  readonly lanes: LaneStates;
  readonly watched: readonly (Watched | Refused)[];
  readonly variables: readonly VariableInfo[];
  readonly requests: readonly Request[];
  readonly memory: { readonly index: number; readonly state: MemoryState } | undefined;
  /** The write that a `write` move found. */
  readonly write: Write | undefined;
}

/** How far a run has been computed. */
export interface Progress {
  readonly reached: number;
  readonly total: number | undefined;
  readonly end: RunEnd | undefined;
  readonly marks: Marks;
}

/** Why a study does not run, with the line of the text where there is one. */
export interface Problem {
  readonly message: string;
  readonly place: FileLine | undefined;
  /** True where the reader's buffers are wrong, or do not fit the text. */
  readonly isOfBuffers?: boolean;
}

/** Messages of the page. `session` counts the studies: answers about an earlier one are too late. */
export type StudyRequest =
  | {
      readonly kind: "open";
      readonly session: number;
      readonly study: Study;
      /** The workgroup under the lens. */
      readonly lens: readonly [number, number, number];
      readonly step: number;
      readonly wishes: FrameWishes;
    }
  /** For the whole dispatch: to a thread that does nothing else, since it answers nothing meanwhile. */
  | { readonly kind: "report"; readonly session: number; readonly study: Study }
  /** For the text and the counters of another kernel, on the same sizes. */
  | { readonly kind: "other"; readonly study: Study }
  /** For the buffers of a study, to change them. */
  | { readonly kind: "buffers"; readonly study: Study }
  | { readonly kind: "move"; readonly session: number; readonly move: Move; readonly wishes: FrameWishes };

/** Another kernel, to compare with. */
export interface OtherKernel {
  readonly kind: "other";
  readonly kernel: string;
  /** Its own file as it is in the repository. */
  readonly text: string;
  /** Undefined where it does not take the same sizes. */
  readonly counted: Counted | undefined;
}

/** The buffers of a kernel's record, as the reader may give them. */
export interface RecordBuffers {
  readonly kind: "buffers";
  readonly kernel: string;
  readonly own: OwnBuffers;
}

/** Answers that belong to no session. */
export type Answer = OtherKernel | RecordBuffers;

/** Messages to the page. */
export type StudyReport = { readonly session: number } & (
  | { readonly kind: "prepared"; readonly prepared: Prepared }
  | { readonly kind: "joined"; readonly joined: Joined }
  | { readonly kind: "opened"; readonly opened: Opened }
  | { readonly kind: "frame"; readonly frame: Frame }
  | { readonly kind: "progress"; readonly progress: Progress }
  | { readonly kind: "report"; readonly report: RunReport }
  | { readonly kind: "orders"; readonly orders: OtherOrders }
  | { readonly kind: "float64"; readonly float64: Float64Report }
  /** Why there are no bounds: the run in float64 takes too many steps, or its text has too many numbers. */
  | { readonly kind: "no-float64"; readonly problem: Problem }
  | { readonly kind: "refused"; readonly problem: Problem }
);
