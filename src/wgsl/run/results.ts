// What a run has found, by the lines of its text.
import type { AccessCounts, Counts } from "./count/counter.ts";
import type { TracedAccess } from "./count/tracer.ts";
import type { Execution } from "./execute/execute.ts";
import type { Print } from "./execute/state.ts";
import type { Float64Numbers } from "./float64/comparison.ts";
import type { Float64Run } from "./float64/float64.ts";
import type { EntryPoint, Variable } from "./program.ts";
import type { Race, RaceNote } from "./race/detector.ts";

/** A place in the text, by its line, from 1. */
export interface SourceLine {
  readonly line: number;
}

/** What one thread printed. */
export interface PrintedLine extends SourceLine {
  /** `local_invocation_index`. */
  readonly lane: number;
  readonly workgroup: readonly [number, number, number];
  /** How many steps the run had taken. */
  readonly step: number;
  /** Scalars in order; booleans are 0 and 1. */
  readonly values: readonly number[];
}

/** What one thread accesses at once: a number, a vector, an array. */
export interface LaneAccess extends SourceLine {
  /** "atomic" is a function of atomics, which loads, stores or both. */
  readonly kind: "load" | "store" | "atomic";
  /** The variable. */
  readonly name: string;
  /** The first byte in the variable, -1 out of bounds, and how many there are. */
  readonly byte: number;
  readonly bytes: number;
  /** `local_invocation_index`. */
  readonly lane: number;
  readonly workgroup: readonly [number, number, number];
  /** How many steps the run had taken: the same for threads that access together. */
  readonly step: number;
}

/** Two lines whose accesses concern each other; the lower line first. */
interface LinePair {
  readonly lines: readonly [number, number];
  /** "lanes" are threads of one workgroup. */
  readonly between: "lanes" | "workgroups";
  /** The variable. */
  readonly name: string;
}

/** Accesses of one place by different threads, one of them a write, that no barrier orders. */
export interface FoundRace extends LinePair {
  /** "wrong-barrier": a barrier is between them, but `workgroupBarrier` does not order buffers, nor the other one workgroup memory. */
  readonly kind: "write-write" | "read-write" | "wrong-barrier";
  /** Of the first that was found: its byte in the variable, both threads' `local_invocation_index` or workgroups' index. */
  readonly byte: number;
  readonly parties: readonly [number, number];
  readonly workgroup: readonly [number, number, number];
  /** How many there were. */
  readonly count: number;
}

/** What is no race, but depends on the order of atomic functions ("order"), or on how a device writes f16 ("tearing"). */
export interface FoundNote extends LinePair {
  readonly kind: "order" | "tearing";
}

/** Bytes that requests to a buffer ask for. A request is one access in the text, by the active threads of a subgroup. */
export interface BufferCounters {
  /** By each thread for itself. */
  readonly asked: number;
  /** In the union of what a request asks for, summed over requests. */
  readonly unique: number;
  /** Aligned sectors of 32 bytes that requests touch. */
  readonly segments32: number;
  /** Those blocks, over the fewest that could hold the unique bytes: 1 is best. */
  readonly excess: number;
}

export const float64Numbers = ({ results }: Float64Run): Record<string, Float64Numbers> =>
  Object.fromEntries(
    [...results].map(([variable, { values, bounds, decided }]) => [bindingName(variable), { values, bounds, decided }]),
  );

/** From positions in a text to lines, from 1. */
export function linesOf(text: string): (at: number) => number {
  const starts = [0, ...[...text.matchAll(/\n/g)].map(({ index }) => index + 1)];
  return (at) => {
    let [low, high] = [0, starts.length];
    while (high - low > 1) {
      const middle = (low + high) >> 1;
      if ((starts[middle] as number) <= at) low = middle;
      else high = middle;
    }
    return low + 1;
  };
}

/** Lines of accesses out of bounds, each place once, and of the barriers that threads did not reach together. */
export const faultLines = (
  { outOfBounds, divergence }: Pick<Execution, "outOfBounds" | "divergence">,
  lineAt: (at: number) => number,
): { readonly outOfBounds: readonly SourceLine[]; readonly divergence: readonly SourceLine[] } => ({
  outOfBounds: outOfBounds.map(({ at }) => ({ line: lineAt(at) })),
  divergence: divergence.flatMap(({ at, other }) =>
    [at, ...(other === undefined ? [] : [other])].map((one) => ({ line: lineAt(one) })),
  ),
});

export const printedLines = (prints: readonly Print[], lineAt: (at: number) => number): PrintedLine[] =>
  prints.map(({ lane, workgroup, step, values, at }) => ({ line: lineAt(at), lane, workgroup, step, values }));

export const laneAccesses = (accesses: readonly TracedAccess[], lineAt: (at: number) => number): LaneAccess[] =>
  accesses.map(({ at, kind, variable: { name }, byte, bytes, lane, workgroup, step }) => {
    return { line: lineAt(at), kind, name, byte, bytes, lane, workgroup, step };
  });

const sorted = (a: number, b: number): [number, number] => (a <= b ? [a, b] : [b, a]);

/** Races by their lines, each pair of a kind once. */
export function foundRaces(races: readonly Race[], lineAt: (at: number) => number): FoundRace[] {
  const found = new Map<string, FoundRace>();
  for (const { kind, between, first, second, variable, byte, parties, workgroup, count } of races) {
    const lines = sorted(lineAt(first), lineAt(second));
    const key = [kind, between, ...lines].join();
    const before = found.get(key);
    const one = before ?? { kind, lines, between, name: variable.name, byte, parties, workgroup, count: 0 };
    found.set(key, Object.assign({}, one, { count: one.count + count }));
  }
  return [...found.values()];
}

export function foundNotes(notes: readonly RaceNote[], lineAt: (at: number) => number): FoundNote[] {
  const found = new Map<string, FoundNote>();
  for (const { kind, between, first, second, variable } of notes) {
    const lines = sorted(lineAt(first), lineAt(second));
    found.set([kind, between, ...lines].join(), { kind, lines, between, name: variable.name });
  }
  return [...found.values()];
}

/** "group.binding", by which results name a buffer. */
export const bindingName = ({ binding }: Variable): string => `${binding?.group}.${binding?.binding}`;

/** Counters of every storage buffer that an entry point uses, by "group.binding". */
export function bufferCounters({ function: { uses } }: EntryPoint, counts: Counts): Record<string, BufferCounters> {
  const buffers = [...uses].filter(({ space }) => space === "storage");
  return Object.fromEntries(
    buffers.map((buffer) => [
      bindingName(buffer),
      summed(counts.accesses.filter(({ variable }) => variable === buffer)),
    ]),
  );
}

function summed(accesses: readonly AccessCounts[]): BufferCounters {
  const sum = (field: "asked" | "unique" | "segments32" | "fewest32") =>
    accesses.reduce((all, one) => all + one[field], 0);
  const [segments32, fewest] = [sum("segments32"), sum("fewest32")];
  return { asked: sum("asked"), unique: sum("unique"), segments32, excess: fewest === 0 ? 1 : segments32 / fewest };
}
