import { WgslError } from "../../error.ts";
import type { EntryPoint, Variable } from "../program.ts";
import { type Mapping, newDispatch, settingOf } from "./dispatch.ts";
import type { Divergence } from "./divergence.ts";
import type { Observer } from "./observer.ts";
import { plain } from "./plain.ts";
import { randomOf } from "./random.ts";
import { makersInRandomOrder, runInRandomOrder } from "./schedules.ts";
import type { Print } from "./state.ts";
import { type Dispatch, runWorkgroups } from "./workgroups.ts";

/** Options of a run. */
export interface ExecuteOptions {
  /** How many workgroups there are, in x, y and z. */
  readonly workgroups: readonly [number, number, number];
  /** The bytes of each storage and uniform variable that the entry point uses. Stores go there. */
  readonly buffers: ReadonlyMap<Variable, ArrayBuffer>;
  /** Lanes of a subgroup: a power of two from 4 to 128; 32 unless given. */
  readonly subgroupSize?: number;
  /** Linear unless given. Observers are told of lanes, which are counted by subgroups. */
  readonly mapping?: Mapping | undefined;
  /** Which lanes share a position in the code: those of a subgroup, the default, or of a workgroup, which is faster. */
  readonly strands?: "subgroup" | "workgroup";
  /** Operations that strands may take together; 50 million unless given. With a seed, those of each of three machines. */
  readonly maxSteps?: number;
  /** What watches the run. */
  readonly observers?: readonly Observer[];
  /** A seed: workgroups, strands and lanes of atomic functions take turns by chance. Ascending order unless given. */
  readonly seed?: number | undefined;
  /** Lines of `print` that are kept; 10,000 unless given. */
  readonly maxPrints?: number;
  /** Whether lanes that do not meet at a barrier are an error, the default, or end the run and are reported. */
  readonly onDivergence?: "throw" | "report";
}

/** What a run has found. */
export interface Execution {
  /** Accesses out of bounds, in characters from the start of the text, each once. */
  readonly outOfBounds: readonly { readonly at: number }[];
  /** The divergence that ended the run, if one did. */
  readonly divergence: readonly Divergence[];
  readonly prints: readonly Print[];
  /** Lines of `print` beyond those that are kept. */
  readonly droppedPrints: number;
  /** Operations that strands took together. */
  readonly steps: number;
}

/** The most workgroups that take turns in random order. */
const maxAtATime = 3;

/**
 * Runs an entry point: workgroups, strands and lanes in ascending order unless a seed is given. Loads out of bounds give 0, stores out of
 * bounds are dropped. Everything is determined by the program, the buffers and the options.
 *
 * @throws WgslError with its position in the text: for a buffer that is missing or too short, for a workgroup that is
 * too large, when the budget of steps is used up, and for lanes that do not meet at a barrier. RangeError for options.
 */
export function execute(entry: EntryPoint, options: ExecuteOptions): Execution {
  const { workgroups, buffers, subgroupSize = 32, strands = "subgroup" } = options;
  const { maxSteps = 50_000_000, maxPrints = 10_000, onDivergence = "throw", observers = [], seed, mapping } = options;
  const setting = settingOf(entry, { workgroups, buffers, subgroupSize, mapping, strands, maxPrints });
  const random = seed === undefined ? undefined : randomOf(seed);
  const makers = random ? makersInRandomOrder(random) : plain;
  const atATime = random ? Math.min(maxAtATime, workgroups[0] * workgroups[1] * workgroups[2]) : 1;
  const all = Array.from({ length: atATime }, () => newDispatch(setting, { makers, maxSteps, observers }));
  const divergence = random ? runInRandomOrder(all, random) : runWorkgroups(all[0] as Dispatch);
  if (divergence && onDivergence === "throw") throw new WgslError(divergence.message, divergence.at);
  const states = all.map(({ machine: { state } }) => state);
  const sum = (field: "droppedPrints" | "steps") => states.reduce((total, state) => total + state[field], 0);
  return {
    outOfBounds: [...new Set(states.flatMap(({ outOfBounds }) => [...outOfBounds]))].map((position) => ({
      at: position,
    })),
    divergence: divergence ? [divergence] : [],
    prints: states.flatMap(({ prints }) => prints),
    droppedPrints: sum("droppedPrints"),
    steps: sum("steps"),
  };
}
