import {
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  integer,
  listOf,
  nonEmpty,
  number,
  oneOf,
  recordOf,
  required,
  text,
} from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { WgslError } from "../error.ts";
import { buffersOf, entryOf, type RunBinding } from "./bindings.ts";
import { checkProgram } from "./check/program.ts";
import { newCounter } from "./count/counter.ts";
import { newTracer } from "./count/tracer.ts";
import { execute } from "./execute/execute.ts";
import type { Float64Numbers } from "./float64/comparison.ts";
import { runFloat64 } from "./float64/float64.ts";
import { newDetector } from "./race/detector.ts";
import {
  type BufferCounters,
  bufferCounters,
  type FoundNote,
  type FoundRace,
  faultLines,
  float64Numbers,
  foundNotes,
  foundRaces,
  type LaneAccess,
  laneAccesses,
  linesOf,
  type PrintedLine,
  printedLines,
  type SourceLine,
} from "./results.ts";

export interface RunOptions {
  readonly bindings: readonly RunBinding[];
  /** How many workgroups there are, in x, y and z; each from 0 to 65,535, 1 unless given. */
  readonly workgroups: readonly [x: number, y?: number, z?: number];
  /** The entry point; needed only where the text has several. */
  readonly entryPoint?: string;
  /** Threads of a subgroup: a power of two from 4 to 128, 32 unless given. */
  readonly subgroupSize?: number;
  /**
   * Which threads a subgroup has: "linear", those whose `local_invocation_index` are neighbours, unless given; or
   * "permuted", others, which shows where a text relies on that. WGSL promises neither. Not with a mode.
   */
  readonly mapping?: "linear" | "permuted";
  /** Values of `override` declarations, by name. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Steps that may be taken, 50 million unless given: what ends an endless loop. */
  readonly maxSteps?: number;
  /**
   * What is watched: one or several of "counting", what is asked of memory; "tracing", each access of each thread;
   * "racing", accesses of one place that nothing orders; and "float64", what the results are without rounding, and how
   * far a GPU's may be from that. Nothing unless given.
   */
  readonly mode?: RunMode | readonly RunMode[];
  /**
   * A seed. Workgroups, subgroups and the threads of atomic functions take turns by chance, three workgroups at a time;
   * without it all of them run in ascending order. Not with a mode, which says the same of any order.
   */
  readonly schedule?: number;
}

/** What a run watches. */
export type RunMode = "counting" | "tracing" | "racing" | "float64";

const workgroupCount = integer(0, 65_535);

const bindingFields = fieldsOf<RunBinding>({
  group: integer(0),
  binding: required(integer(0)),
  data: required(having("byteLength", "an ArrayBuffer or a typed array")),
});

const runMode = oneOf("counting", "tracing", "racing", "float64");

const fields = fieldsOf<RunOptions>({
  bindings: required((value) => (Array.isArray(value) ? undefined : "a list of bindings")),
  workgroups: required(either(listOf(workgroupCount, 1), listOf(workgroupCount, 2), listOf(workgroupCount, 3))),
  entryPoint: nonEmpty,
  subgroupSize: oneOf(4, 8, 16, 32, 64, 128),
  mapping: oneOf("linear", "permuted"),
  constants: recordOf(number),
  maxSteps: integer(1),
  mode: either(runMode, listOf(runMode)),
  schedule: integer(0, 2 ** 32 - 1),
});

export interface RunResult {
  /** Lines with accesses out of bounds. Loads gave 0, stores were dropped. */
  readonly outOfBounds: readonly SourceLine[];
  /** Barriers that threads of a workgroup did not reach together, which ended the run. Found with mode "racing". */
  readonly divergence: readonly SourceLine[];
  /** Found with mode "racing". */
  readonly races: readonly FoundRace[];
  readonly notes: readonly FoundNote[];
  /** With mode "counting": of each storage buffer, by "group.binding". */
  readonly counters: Readonly<Record<string, BufferCounters>>;
  /** With mode "tracing": what threads access in buffers and workgroup memory, in order, up to 65,536 accesses. */
  readonly accesses: readonly LaneAccess[];
  /** Accesses after those. */
  readonly droppedAccesses: number;
  /** With mode "float64": the scalars of each buffer that the text may write, by "group.binding". */
  readonly float64: Readonly<Record<string, Float64Numbers>>;
  /** What `print(…)` wrote, up to 10,000 lines. */
  readonly prints: readonly PrintedLine[];
  /** Lines of `print(…)` beyond those. */
  readonly droppedPrints: number;
  /** Statements that groups of threads executed. */
  readonly steps: number;
}

/**
 * Runs a compute shader without a GPU, thread by thread as WGSL says: f32 and f16 rounded to nearest, integers that
 * wrap, memory of workgroups, barriers, atomics, subgroups. `print(value, …)` may be called in the text like a function.
 * Buffers are written in place. The same input gives the same bits everywhere.
 *
 * @param wgsl The text of a module.
 * @throws WgslError, with the line, where the text is wrong, a binding is missing or too short, threads of a workgroup
 *   do not meet at a barrier (unless the mode is "racing"), or the steps are used up; OptionError for options.
 */
export function runWgsl(wgsl: string, options: RunOptions): RunResult {
  checkValue("runWgsl", "wgsl", text, wgsl);
  checkOptions("runWgsl", fields, options);
  options.bindings.forEach((one, i) => {
    checkOptions("runWgsl", bindingFields, one, `bindings[${i}].`);
  });
  const { mode = [], schedule, mapping } = options;
  const other = schedule !== undefined ? `schedule is ${schedule}` : mapping === "permuted" && `mapping is "permuted"`;
  if (other && mode.length > 0) throw new OptionError(`runWgsl: ${other} and mode is ${mode}, expected one of them`);
  const lineAt = linesOf(wgsl);
  try {
    return run(wgsl, options, lineAt);
  } catch (error) {
    if (error instanceof WgslError) throw new WgslError(`line ${lineAt(error.at)}: ${error.message}`, error.at);
    throw error;
  }
}

function run(wgsl: string, options: RunOptions, lineAt: (at: number) => number): RunResult {
  const entry = entryOf(checkProgram(wgsl, options.constants), options.entryPoint);
  const [x, y = 1, z = 1] = options.workgroups;
  const { buffers, writeBack } = buffersOf(entry, options.bindings);
  const { subgroupSize = 32, mapping, maxSteps = 50_000_000, mode, schedule: seed } = options;
  const modes = [mode ?? []].flat();
  const [counter, tracer, detector] = [newCounter(), newTracer(), newDetector()];
  const observers = [
    ...(modes.includes("counting") ? [counter.observer] : []),
    ...(modes.includes("tracing") ? [tracer.observer] : []),
    ...(modes.includes("racing") ? [detector.observer] : []),
  ];
  const onDivergence = modes.includes("racing") ? "report" : "throw";
  const workgroups = [x, y, z] as const;
  const options64 = { workgroups, buffers, subgroupSize, maxSteps, onDivergence } as const;
  const float64 = modes.includes("float64") ? float64Numbers(runFloat64(entry, options64)) : {};
  const found = execute(entry, { workgroups, buffers, subgroupSize, mapping, maxSteps, observers, onDivergence, seed });
  writeBack();
  return {
    ...faultLines(found, lineAt),
    races: foundRaces(detector.races(), lineAt),
    notes: foundNotes(detector.notes(), lineAt),
    counters: modes.includes("counting") ? bufferCounters(entry, counter.counts()) : {},
    accesses: laneAccesses(tracer.accesses, lineAt),
    droppedAccesses: tracer.dropped(),
    float64,
    prints: printedLines(found.prints, lineAt),
    droppedPrints: found.droppedPrints,
    steps: found.steps,
  };
}
