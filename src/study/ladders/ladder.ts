// Ladders of kernels: each rung has one idea, what counters show of it, and a mistake to look for.
import type { Sizes } from "../kernel.ts";

/** What claims are about. Subgroups have 32 threads. */
export const counters = {
  excess: "sectors of 32 bytes that requests to a buffer touch, over the fewest that could hold their bytes",
  ways: "the most words of one bank that a request to workgroup memory accesses: an n-way bank conflict",
  reads: "how often an element of a buffer is loaded, on average over those that are touched",
  requests: "requests to a buffer: accesses by the active threads of a subgroup",
  asked: "bytes that threads load from a buffer and store to it, cached or not",
  shared: "bytes that threads load from workgroup memory, for each multiply-add",
  barriers: "barriers of a workgroup",
  parted: "how often threads of one subgroup take different branches, in a workgroup: divergence",
  atomics: "atomic functions on a buffer",
  contention: "threads for each word of a request by an atomic function",
  operations: "how often threads compute a function or an operator of floats",
  workgroups: "workgroups of the dispatch",
  memory: "bytes of workgroup memory",
  digits: "correct decimal digits of the result, over its largest number",
} as const;

export type Counter = keyof typeof counters;

/** A number that the counters give. */
interface Claim {
  readonly counter: Counter;
  /** A buffer, a variable of workgroup memory, or a function or operator; all of them, unless given. */
  readonly of?: string;
  /** Of the rung before, or of those that the rung is compared with. */
  readonly before?: number;
  /** Three digits of it. */
  readonly after: number;
  /** The two numbers in letters, such as `log₂ W → log₂ S`. */
  readonly formula?: string;
  /** Sizes for which it holds, besides those of the rungs. */
  readonly sizes?: Sizes;
}

/** Where a factor was published. */
export interface Published {
  readonly says: string;
  readonly source: string;
  readonly url: string;
  /** True of a factor from memory: check it before you rely on it. */
  readonly isRecalled?: boolean;
}

/** A mistake, as an edit of the kernel's file. */
export interface Bug {
  /** Stands once in the file. */
  readonly from: string;
  readonly to: string;
  /** How it shows. */
  readonly breaks: "result" | "race" | "out of bounds" | "divergence";
  /** What goes wrong. */
  readonly why: string;
  /** Sizes for which it shows, besides those of the kernel's smallest dispatch. */
  readonly sizes?: Sizes;
}

/** A kernel of a ladder. */
export interface Rung {
  /** Its file under `shaders`, without ending. */
  readonly kernel: string;
  /** The one idea that it adds. */
  readonly idea: string;
  /** Sizes and constants for which the claims hold. */
  readonly at?: { readonly sizes?: Sizes; readonly constants?: Readonly<Record<string, number>> };
  /** Rungs that it is compared with, which do together what it does; the rung before, unless given. */
  readonly than?: readonly string[];
  readonly claims?: readonly Claim[];
  readonly published?: Published;
  readonly bug: Bug;
}

/** Kernels in the order in which to read them: each answers a question that the one before it leaves. */
export interface Ladder {
  readonly name: string;
  readonly rungs: readonly Rung[];
}
