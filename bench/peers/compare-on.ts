import { speedOf } from "../harness/speed.ts";
import { type Interval, type TimingOptions, timeInTurns } from "../harness/timing.ts";
import { type Engine, type OpenEngine, type Prepared, takesPart, waysFor } from "./engines/engine.ts";
import { intervalOf } from "./interval.ts";
import type { Problem } from "./problems.ts";
import { compared, type EngineReport, type PeerResult, type PeerRow } from "./result.ts";
import { rowOf, workOf } from "./rows.ts";
import { judge, type Truth } from "./truth/truth.ts";

/** An engine, open or not. */
export interface Contestant {
  readonly engine: Engine;
  readonly open: OpenEngine | undefined;
  readonly report: EngineReport;
}

/** How one problem is measured. */
interface Conditions {
  readonly timing: Omit<TimingOptions, "signal">;
  readonly truthOf: (problem: Problem) => Promise<Truth>;
  readonly peaks: PeerResult["peaks"];
  readonly signal: AbortSignal;
  readonly progress: (doing: string) => void;
}

/** A method whose result was correct, with the index of its row. */
interface Runner {
  readonly at: number;
  readonly prepared: Prepared;
  /** An error during timing. */
  failure?: string;
}

/** The rows of one problem: every method of every engine, checked, and the correct ones timed alternately. */
export async function compareOn(
  problem: Problem,
  contestants: readonly Contestant[],
  { timing, truthOf, peaks, signal, progress }: Conditions,
): Promise<PeerRow[]> {
  progress("computing it in float64");
  const truth = await truthOf(problem);
  const rows: PeerRow[] = [];
  const runners: Runner[] = [];
  try {
    for (const { engine, open, report } of contestants.filter(({ engine }) => takesPart(engine, problem))) {
      const ways = open ? waysFor(open, problem) : [];
      const missing = report.failure ?? "it has no operator for this";
      if (ways.length === 0) rows.push(rowOf(problem, report, { verdict: "n/a", reason: missing }));
      for (const way of ways) {
        signal.throwIfAborted();
        progress(`checking ${engine.name}`);
        const { row, prepared } = await check(problem, report, way, truth);
        if (prepared && row.verdict === "pass") runners.push({ at: rows.length, prepared });
        else if (prepared) await dispose(prepared);
        rows.push(row);
      }
    }
    progress("timing");
    const times = await timeInTurns(
      runners.map((runner) => guarded(runner, signal)),
      { ...timing, signal },
    );
    for (const [i, runner] of runners.entries()) {
      const [row, time] = [rows[runner.at], times[i]];
      if (!row || !time) continue;
      const judgement = await judgeAgain(runner, truth);
      const speed = { ...time, clock: "wall", ...speedOf(workOf(problem), time.medianMs, peaks) } as const;
      rows[runner.at] = { ...row, ...judgement, ...(judgement.verdict === "pass" ? speed : {}) };
    }
  } finally {
    for (const { prepared } of runners) await dispose(prepared);
  }
  return compared(rows, new Set(contestants.filter(({ engine }) => engine.peer).map(({ engine }) => engine.name)));
}

/** One method's first run, with the check of its result. */
async function check(
  problem: Problem,
  report: EngineReport,
  way: () => Promise<Prepared>,
  truth: Truth,
): Promise<{ row: PeerRow; prepared: Prepared | undefined }> {
  let prepared: Prepared | undefined;
  try {
    const before = performance.now();
    prepared = await way();
    await prepared.run();
    await prepared.settle();
    const firstRunMs = performance.now() - before;
    const judgement = judge(await prepared.read(), truth);
    const { variant, dispatches = null, workspaceBytes = null } = prepared;
    return { row: rowOf(problem, report, { variant, firstRunMs, dispatches, workspaceBytes, ...judgement }), prepared };
  } catch (error) {
    const reason = `it failed: ${messageOf(error)}`;
    const variant = prepared?.variant ?? "";
    return { row: rowOf(problem, report, { variant, verdict: "fail", reason }), prepared };
  }
}

/** Frees a method's memory. A failed one may fail at this too, which must not lose the others' results. */
async function dispose(prepared: Prepared): Promise<void> {
  try {
    await prepared.dispose();
  } catch (error) {
    console.warn(`${prepared.variant}: ${messageOf(error)}`);
  }
}

/** The interval of a method; if it fails, the method drops out and the others continue. */
function guarded(runner: Runner, signal: AbortSignal): Interval {
  const interval = intervalOf(runner.prepared, signal);
  return async (repeats) => {
    try {
      if (runner.failure === undefined) return await interval(repeats);
    } catch (error) {
      signal.throwIfAborted();
      runner.failure = messageOf(error);
    }
    return Number.NaN;
  };
}

/** Checks the result of the last timed run: a method that became wrong during timing has no speed either. */
async function judgeAgain({ prepared, failure }: Runner, truth: Truth): Promise<ReturnType<typeof judge>> {
  try {
    if (failure !== undefined) throw new Error(failure);
    return judge(await prepared.read(), truth);
  } catch (error) {
    return { ...judge([], truth), reason: `it failed while it was timed: ${messageOf(error)}` };
  }
}

/** An error's message, shortened. */
export function messageOf(error: unknown): string {
  const message = error instanceof Error ? error.message : String(error);
  return message.length > 300 ? `${message.slice(0, 300)}…` : message;
}
