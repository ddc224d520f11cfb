// Calls of the page to the thread that has the device.
import type { Peaks } from "../../../bench/result.ts";
import type { Verdict } from "../../../src/study/puzzles/grader/grade.ts";
import type { PrintedLine } from "../../../src/wgsl/run/results.ts";
import type { Attempt } from "../puzzles/attempt.ts";
import type { Study } from "./protocol.ts";

/** What the browser's compiler says of a text, by the line of the joined text; 0 where it names no line. */
export interface CompilerMessage {
  readonly line: number;
  readonly message: string;
}

/** A thread's print on the GPU. */
export type GpuPrinted = Omit<PrintedLine, "step">;

/** A dispatch run on the GPU. */
export interface GpuRun {
  /** Values of buffers that are written, by name. */
  readonly outputs: Readonly<Record<string, Float64Array>>;
  readonly prints: readonly GpuPrinted[];
}

/** Times of one text. */
export interface GpuTime {
  readonly name: string;
  /** Undefined where it did not run. */
  readonly timing:
    | {
        readonly medianMs: number;
        readonly p10Ms: number;
        readonly p90Ms: number;
        readonly samples: number;
        readonly repeats: number;
      }
    | undefined;
  readonly reason: string | undefined;
  /** All bytes of its buffers, each once. */
  readonly bytes: number;
  /** Operations on floats, where its record has a formula. */
  readonly operations: number | undefined;
}

export interface GpuTimes {
  readonly clock: "gpu" | "wall";
  readonly times: readonly GpuTime[];
  /** Rates that this device was measured to reach; undefined if they were not measured. */
  readonly peaks: Peaks | undefined;
}

/** A text to time, by its name. */
export interface Contestant {
  readonly name: string;
  /** What is checked: a wrong text is not timed. */
  readonly study: Study;
  /** The same on the sizes on which it is timed. */
  readonly timed: Study;
}

export interface GpuCalls {
  /** Compiles a text for an entry point, or for its only one; its errors. */
  readonly compile: readonly [
    given: { readonly code: string; readonly entry: string | undefined },
    result: readonly CompilerMessage[],
    progress: never,
  ];
  /** Grades a text of a puzzle, on the GPU too. */
  readonly grade: readonly [attempt: Attempt, result: Verdict, progress: never];
  readonly run: readonly [study: Study, result: GpuRun, progress: never];
  readonly time: readonly [
    given: { readonly contestants: readonly Contestant[]; readonly withPeaks: boolean },
    result: GpuTimes,
    progress: string,
  ];
}
