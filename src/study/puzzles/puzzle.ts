// Puzzles: a kernel that is wrong or wasteful, and what a better one has to show.
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import type { Dense } from "../../reference/dense.ts";
import type { Counts } from "../../wgsl/run/count/counter.ts";
import type { Dispatch, Inputs } from "../dispatch.ts";
import { type Size, type Sizes, type StudyKernel, shaped, type ValueOf } from "../kernel.ts";

/** A question to guess at before the answer is counted. */
interface Guess {
  readonly question: string;
  readonly choices: readonly string[];
  /** The right choice, by its number from 0. */
  readonly right: number;
  readonly why: string;
}

/** A dispatch on which a text is tried. */
export interface Case {
  readonly sizes: Sizes;
  /** Changes inputs, which are distinct numbers otherwise. */
  readonly change?: (inputs: Inputs, sizes: Sizes) => Inputs;
  /** What is special about it, in words that follow the sizes. */
  readonly says?: string;
  /** True of a case that takes long: it runs once. */
  readonly isLong?: boolean;
}

/** A number that a text may not exceed, counted in subgroups of 32 lanes. */
export interface Gate {
  /** What is counted. */
  readonly what: string;
  readonly measure: (counts: Counts, sizes: Sizes) => number;
  /** Sizes of the dispatch that is counted. */
  readonly sizes: Sizes;
  /** What the text at the start has, and the solution; four digits of each. */
  readonly start: number;
  readonly solution: number;
  readonly most: number;
}

/** What is found of a text that does not pass. */
export type Fault =
  | "text"
  | "fixed lines"
  | "endless"
  | "divergence"
  | "out of bounds"
  | "race"
  | "tail"
  | "result"
  | "order"
  | "float64"
  | "gate"
  | "gpu";

export interface Puzzle {
  /** From 1. */
  readonly number: number;
  readonly title: string;
  /** What is wrong and what is wanted, in two sentences. */
  readonly story: string;
  readonly guess: Guess;
  /** The text at the start; the usual sizes are those that the reader sees. Its name is `puzzles/NAME`. */
  readonly kernel: StudyKernel;
  readonly solution: string;
  /** Dispatches on which a text is tried besides the one that the reader sees. */
  readonly hidden: readonly Case[];
  /** How far results may be from the reference, over the larger of 1 and the expected number. */
  readonly within: number;
  readonly gates: readonly Gate[];
  /**
   * Threads of the subgroups in which it is tried; 8 and 32 unless given. Where they are, also in subgroups of threads
   * that are no neighbours.
   */
  readonly subgroups?: readonly number[];
  /** How the text at the start fails. */
  readonly fails: Fault;
}

/** Numbers of inputs, by name. */
export type Numbers = Readonly<Record<string, readonly number[]>>;

/** A puzzle without what follows from its texts. */
interface PuzzleRecord<N extends string> extends Omit<Puzzle, "number" | "kernel" | "solution"> {
  readonly start: ShaderModule;
  readonly solution: ShaderModule;
  readonly sizes: Readonly<Record<N, Size>>;
  readonly dispatch: (sizes: Readonly<Record<NoInfer<N>, number>>, value: ValueOf) => Dispatch;
  readonly reference: {
    readonly name: string;
    readonly results: (
      numbers: Numbers,
      sizes: Readonly<Record<NoInfer<N>, number>>,
    ) => Readonly<Record<string, Dense>>;
  };
}

const numbersOf = (inputs: Inputs): Numbers =>
  Object.fromEntries(Object.entries(inputs).map(([name, values]) => [name, [...values]]));

/** A puzzle whose number is given with the others. */
export function newPuzzle<N extends string>(name: string, record: PuzzleRecord<N>): Omit<Puzzle, "number"> {
  const { start, solution, sizes, dispatch, ...puzzle } = record;
  const usual = Object.fromEntries(Object.entries<Size>(sizes).map(([size, { usual }]) => [size, usual]));
  const source = { ...start, name: `puzzles/${name}` };
  const small = { sizes: usual as Readonly<Record<N, number>> };
  const reference = {
    name: puzzle.reference.name,
    results: (inputs: Inputs, own: Readonly<Record<N, number>>) => puzzle.reference.results(numbersOf(inputs), own),
  };
  return { ...puzzle, kernel: shaped(source, { sizes, small, dispatch, reference }), solution: solution.code };
}
