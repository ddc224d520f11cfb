import type { Gpu } from "../../src/index.ts";
import type { BenchProgress } from "../attention/run.ts";
import { environmentOf } from "../harness/environment.ts";
import { measurePeaks } from "../harness/peaks.ts";
import { type TimingOptions, timingOn } from "../harness/timing.ts";
import type { Peaks } from "../result.ts";
import { type Contestant, compareOn, messageOf } from "./compare-on.ts";
import { deviceName, sameAdapter } from "./engines/device.ts";
import { type Engine, takesPart } from "./engines/engine.ts";
import type { Problem } from "./problems.ts";
import type { PeerResult, PeerRow } from "./result.ts";
import type { Truth } from "./truth/truth.ts";

/** What to compare, and callbacks for reports. */
export interface Comparison {
  /** The device of this engine; the environment describes its adapter. */
  readonly gpu: Gpu;
  readonly engines: readonly Engine[];
  readonly problems: readonly Problem[];
  readonly timing: Omit<TimingOptions, "signal">;
  /** Whether to measure the adapter's peaks. */
  readonly peaks: boolean;
  readonly truthOf: (problem: Problem) => Promise<Truth>;
  /** Stops between two intervals; complete cases are kept. */
  readonly signal: AbortSignal;
  /** Called before every step with its name; `done` of `total` are complete. */
  readonly onProgress: (progress: BenchProgress) => void;
  /** Called after every step with the results so far. */
  readonly onResult: (result: PeerResult) => void;
}

/**
 * Runs every problem on every engine: compares each result with float64 first, then times the correct ones alternately,
 * A B C A B C …, all in this page and on the same adapter. When it is stopped it returns the results so far, with the
 * cases that have none and the signal's reason.
 */
export async function compare(comparison: Comparison): Promise<PeerResult> {
  const { gpu, problems, signal, onProgress, onResult } = comparison;
  const engines = comparison.engines.filter((engine) => problems.some((problem) => takesPart(engine, problem)));
  const total = engines.length + problems.length + (comparison.peaks ? 1 : 0);
  let done = 0;
  let peaks: Peaks | null = null;
  const contestants: Contestant[] = [];
  const rows: PeerRow[] = [];
  const left = new Set(problems.map(({ text }) => text));
  const environment = await environmentOf(gpu, "wall");
  const result = (): PeerResult => ({
    environment,
    peaks,
    engines: contestants.map(({ report }) => report),
    rows: [...rows],
  });
  try {
    for (const engine of engines) {
      signal.throwIfAborted();
      onProgress({ what: `loading ${engine.name}`, done: done++, total });
      contestants.push(await openEngine(engine, gpu));
      onResult(result());
    }
    if (comparison.peaks) {
      onProgress({ what: "measuring the adapter's peaks", done: done++, total });
      peaks = await measurePeaks(gpu, { clock: "wall", signal });
    }
    const timing = await timingOn(gpu, "wall", comparison.timing);
    for (const problem of problems) {
      signal.throwIfAborted();
      const progress = (doing: string) => onProgress({ what: `${problem.text}: ${doing}`, done, total });
      const measured = await compareOn(problem, contestants, { ...comparison, timing, peaks, progress });
      rows.push(...measured);
      if (measured.length > 0) left.delete(problem.text);
      done++;
      onResult(result());
    }
    onProgress({ what: "done", done: total, total });
  } catch (error) {
    if (!signal.aborted) throw error;
    onProgress({ what: "stopped", done, total });
  }
  if (left.size === 0) return result();
  const reason = signal.aborted ? messageOf(signal.reason) : "no engine takes part in it";
  return { ...result(), unfinished: { cases: [...left], reason } };
}

async function openEngine(engine: Engine, gpu: Gpu): Promise<Contestant> {
  const { name, peer, summary } = engine;
  const closed = { name, peer, summary, version: null, device: null };
  try {
    const open = await engine.open();
    const report = { ...closed, version: open.version, device: deviceName(open.device), failure: null };
    if (sameAdapter(open.device, gpu.device)) return { engine, open, report };
    const failure = `it computes on another adapter: ${report.device}`;
    return { engine, open: undefined, report: { ...report, failure } };
  } catch (error) {
    const failure = `it could not be opened: ${messageOf(error)}`;
    return { engine, open: undefined, report: { ...closed, failure } };
  }
}
