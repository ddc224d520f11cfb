// A tuning pass: subject after subject, until all are measured, time is up, or it is aborted.
import type { Progress } from "../formats/load-progress.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { preferenceOf, setPreference } from "../kernels/define/preference.ts";
import { keyOf } from "./call-key.ts";
import { type MeasureOptions, measureCall, type SmallChecks, type Subject } from "./measure-call.ts";
import type { TunedRow } from "./tuning-record.ts";

/** How far a pass is. */
export interface TuneProgress extends Progress {
  /** The key of the call being measured. */
  readonly key: string;
}

/** Options of a pass. */
interface PassOptions {
  /** Milliseconds after which no further measurement begins. */
  readonly budget: number;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: TuneProgress) => void) | undefined;
  readonly checks?: SmallChecks | undefined;
}

/** The results of a pass. */
export interface PassResult {
  readonly rows: readonly TunedRow[];
  /** Calls for which time did not suffice. */
  readonly left: number;
  readonly aborted: boolean;
}

/** Intervals of a measurement: short ones, since the variants alternate and what is sought is a difference of 5 %. */
const timing: MeasureOptions["timing"] = { intervalMs: 4, samples: 7, budgetMs: 80 };

/**
 * Measures subjects in order. When it is aborted or out of time, the measurements made until then are kept. Afterwards
 * the device's choices are as before.
 */
export async function tunePass(
  gpu: Gpu,
  subjects: readonly Subject[],
  { budget, signal, onProgress, checks }: PassOptions,
): Promise<PassResult> {
  const before = preferenceOf(gpu);
  const rows: TunedRow[] = [];
  const end = performance.now() + budget;
  let done = 0;
  const choices = new Map<string, readonly string[]>();
  // Ops within a variant use the measurements made so far.
  setPreference(gpu, (call) => (call.wanted === undefined ? choices.get(keyOf(call)) : undefined));
  try {
    for (const subject of subjects) {
      if (signal?.aborted || performance.now() > end) break;
      onProgress?.({ key: subject.key, done, total: subjects.length });
      const row = await measureCall(gpu, subject, { timing, signal, checks }).catch((error: unknown) => {
        if (signal?.aborted && error === signal.reason) return undefined;
        throw error;
      });
      if (signal?.aborted) break;
      if (row) {
        rows.push(row);
        choices.set(row.key, [row.choice]);
      }
      done++;
    }
  } finally {
    setPreference(gpu, before);
  }
  return { rows, left: subjects.length - done, aborted: signal?.aborted ?? false };
}
