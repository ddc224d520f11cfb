import { type Gpu, type Progress, ShapeError } from "../../src/index.ts";
import { environmentOf } from "../harness/environment.ts";
import { measurePeaks } from "../harness/peaks.ts";
import { noSpeed, speedOf, withShareOfFastest } from "../harness/speed.ts";
import { intervalOf, type Timing, timeInTurns, timingOn } from "../harness/timing.ts";
import type { BenchResult, BenchRow, Environment, Peaks } from "../result.ts";
import { callBytes, callShapes, pairBytes } from "./calls.ts";
import type { AttentionCase } from "./case.ts";
import { caseName } from "./case.ts";
import { unchecked } from "./check.ts";
import { commandOf } from "./command.ts";
import type { AttentionPlan, AttentionSubject } from "./plan.ts";
import { prepareCase, type Ready, readySubject } from "./prepare.ts";
import { subjectsFor } from "./subjects.ts";
import { attentionWork } from "./work.ts";

/** Progress of a bench: its current activity, and how many of its cases are done. */
export interface BenchProgress extends Progress {
  readonly what: string;
}

/** Callbacks for a bench's progress, and the signal to stop it. */
export interface BenchEvents {
  /** Called once the device is known and its peaks are measured. */
  readonly onStart?: (environment: Environment, peaks: Peaks | null) => void;
  readonly onRow?: (row: BenchRow) => void;
  /** Called with the current activity, and how many of all cases are done. */
  readonly onProgress?: (progress: BenchProgress) => void;
  /** Stops the bench, which then throws the signal's reason. */
  readonly signal?: AbortSignal | undefined;
  /** Awaited before each timed interval. */
  readonly ready?: (() => Promise<void>) | undefined;
}

/**
 * Measures every subject of a plan on every case. Each result is compared with float64 first; the correct ones are
 * timed alternately. Runs in Node and in a page. Throws a RangeError for a case that does not fit this device, before
 * anything is dispatched, and the reason of `signal` when it is stopped.
 */
export async function runAttentionBench(gpu: Gpu, plan: AttentionPlan, events: BenchEvents = {}): Promise<BenchResult> {
  return await runCases(gpu, plan, events, (given, context) => runCase(gpu, given, plan, context));
}

/** The rows of all cases of a plan, one case after the other, on a device whose peaks are measured first. */
export async function runCases(
  gpu: Gpu,
  plan: Pick<AttentionPlan, "cases" | "clock" | "peaks">,
  { onStart = () => {}, onRow = () => {}, onProgress = () => {}, signal, ready }: BenchEvents,
  run: (given: AttentionCase, context: Context) => Promise<readonly BenchRow[]>,
): Promise<BenchResult> {
  checkRoom(gpu, plan.cases);
  const total = plan.cases.length;
  onProgress({ what: "peaks of this device", done: 0, total });
  const environment = await environmentOf(gpu, plan.clock);
  const asked = plan.peaks === true && plan.cases.some(({ missing }) => missing === undefined);
  const known = plan.peaks === true ? null : plan.peaks || null;
  const peaks = asked ? await measurePeaks(gpu, { clock: plan.clock, signal }) : known;
  onStart(environment, peaks);
  const rows: BenchRow[] = [];
  for (const [i, given] of plan.cases.entries()) {
    const progress = (what: string) => onProgress({ what, done: i, total });
    for (const row of await run(given, { environment, peaks, progress, signal, ready })) {
      rows.push(row);
      onRow(row);
    }
  }
  onProgress({ what: "done", done: total, total });
  return { environment, peaks, rows };
}

/** Throws a RangeError for a case whose tensors this device cannot bind. */
export function checkRoom(gpu: Gpu, cases: readonly AttentionCase[]): void {
  const room = Math.min(gpu.limits.binding, gpu.limits.buffer);
  for (const given of cases) {
    const { batch, heads, missing } = given;
    if (missing !== undefined) continue;
    const pairs = Math.max(...batch.groups.map((group) => pairBytes(given, group)));
    const largest = Math.max(pairs, ...callShapes(given).map((call) => callBytes(call, given).largest));
    if (largest <= room) continue;
    throw new RangeError(
      `batch "${batch.text}" with heads ${heads.text}: a tensor of ${largest} bytes, a binding holds ${room} on ` +
        gpu.adapter.label,
    );
  }
}

/** Shared by the rows of a run. */
export interface Context {
  readonly environment: Environment;
  readonly peaks: Peaks | null;
  readonly progress: (what: string) => void;
  readonly signal: AbortSignal | undefined;
  readonly ready: BenchEvents["ready"];
}

async function runCase(gpu: Gpu, given: AttentionCase, plan: AttentionPlan, context: Context): Promise<BenchRow[]> {
  const subjects = plan.subjects ?? subjectsFor(given);
  const name = caseName(given);
  const work = attentionWork(given);
  const row = (subject: AttentionSubject, found: Found) => rowOf(given, subject, found, work, plan, context);
  if (given.missing !== undefined) {
    const reason = given.missing;
    return subjects.map((subject) => row(subject, { reason }));
  }
  context.progress(`${name}: inputs`);
  using prepared = await prepareCase(gpu, given, plan.rotateBytes, context.signal);
  const found: Found<Ready>[] = [];
  try {
    for (const subject of subjects) {
      context.signal?.throwIfAborted();
      context.progress(`${name}: ${subject.name}`);
      found.push(await findOut(gpu, () => readySubject(gpu, prepared, subject), context.signal));
    }
    const right = found.flatMap(({ ready }) => (ready?.check.verdict === "pass" ? [ready] : []));
    context.progress(`${name}: timing`);
    const intervals = right.map(({ instances }) => intervalOf(gpu, instances, plan.clock));
    const timing = await timingOn(gpu, plan.clock, plan.timing);
    const timings = await timeInTurns(intervals, { ...timing, signal: context.signal, ready: context.ready });
    const timed = new Map(right.map((ready, i) => [ready, timings[i]]));
    const rows = subjects.map((subject, i) => {
      const { ready, ...rest } = found[i] ?? {};
      return row(subject, ready ? { ready, timing: timed.get(ready) } : rest);
    });
    return withShareOfFastest(rows, (_, i) => (subjects[i]?.definition ?? "softmax") === "softmax");
  } finally {
    for (const { ready } of found) ready?.dispose();
  }
}

/** The outcome of a subject on a case: a result, or why there is none. */
export interface Found<R = Omit<Ready, "instances" | "dispose">> {
  readonly ready?: R | undefined;
  readonly timing?: Timing | undefined;
  readonly reason?: string;
  /** True if a result was expected. */
  readonly broken?: boolean;
}

/** The outcome of making a subject ready. */
export async function findOut<R>(
  gpu: Gpu,
  ready: () => Promise<R | string>,
  signal: AbortSignal | undefined,
): Promise<Found<R>> {
  try {
    const made = await ready();
    return typeof made === "string" ? { reason: made } : { ready: made };
  } catch (error) {
    signal?.throwIfAborted();
    gpu.assertUsable();
    const reason = error instanceof Error ? error.message : String(error);
    return { reason, broken: !(error instanceof ShapeError) }; // a ShapeError refuses a call before any dispatch
  }
}

/** The row of a subject on a case. */
export function rowOf(
  given: AttentionCase,
  subject: Pick<AttentionSubject, "name" | "flops" | "definition"> & Partial<Pick<BenchRow, "op" | "command">>,
  { ready, timing, reason = "", broken = false }: Found,
  work: ReturnType<typeof attentionWork>,
  plan: AttentionPlan,
  { environment, peaks }: Context,
): BenchRow {
  const { batch, heads, mask, score, dtype, layout, model = null } = given;
  const check = ready?.check ?? { ...unchecked(reason), verdict: broken ? "fail" : "n/a" };
  const { flops, op = "attention", command = commandOf(given, plan, subject.name) } = subject;
  const own = flops ? { ...work, flops: flops(given, work.livePairs ?? 0), flopsFlashAttention: null } : work;
  // Sums are f32 for any cache format.
  const speed = timing ? speedOf({ ...own, dtype: "f32" }, timing.medianMs, peaks) : noSpeed;
  const { repeats = null, samples = null, medianMs = null, p10Ms = null, p90Ms = null } = timing ?? {};
  const words = [subject.name, mask.text, score.text, layout.text, batch.text, heads.text, dtype];
  return {
    id: [op, ...words, ...(model === null ? [] : [model])].join("/"),
    op,
    variant: subject.name,
    ...(subject.definition ? { definition: subject.definition } : {}),
    batch: batch.text,
    mask: mask.text,
    score: score.text,
    layout: layout.text,
    heads: heads.text,
    dtype,
    model,
    ...check,
    medianMs,
    p10Ms,
    p90Ms,
    repeats,
    samples,
    clock: timing ? plan.clock : null,
    clockQuantumMs: timing ? environment.clockQuantumMs : null,
    firstRunMs: ready?.firstRunMs ?? null,
    dispatches: ready?.dispatches ?? null,
    ...own,
    modelledBytes: ready?.modelledBytes ?? null,
    ...(ready?.executed ?? { requestedBytes: null, executedFlops: null }),
    ...speed,
    shareOfFastest: null,
    workspaceBytes: ready?.workspaceBytes ?? null,
    command,
  };
}
