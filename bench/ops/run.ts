import { type Case, type CaseTable, missingFeatures } from "../../src/check/case-table.ts";
import { checkCase } from "../../src/check/check-case.ts";
import { uploadedInputs } from "../../src/check/run-case.ts";
import { type Gpu, type Program, ShapeError } from "../../src/index.ts";
import type { BenchEvents } from "../attention/run.ts";
import { environmentOf } from "../harness/environment.ts";
import { measurePeaks } from "../harness/peaks.ts";
import { executedBy, noSpeed, speedOf, withShareOfFastest } from "../harness/speed.ts";
import { intervalOf, type Timing, type TimingOptions, timeInTurns, timingOn } from "../harness/timing.ts";
import type { BenchResult, BenchRow, Peaks } from "../result.ts";

/** The ops to measure, and how. */
export interface OpPlan {
  readonly tables: Readonly<Record<string, CaseTable>>;
  readonly timing: TimingOptions;
  readonly clock: "gpu" | "wall";
  /** True to measure the device's peaks, or peaks measured before; false for rows without shares of them. */
  readonly peaks: boolean | Peaks;
  readonly commandOptions: readonly string[];
  /** Adds fields to a row that only the maker of its case knows. */
  readonly complete?: (row: BenchRow) => BenchRow;
}

/**
 * Measures every variant of the ops at their shapes: checked as in the tests, the correct ones timed alternately. Rows
 * have the same form as attention's. Throws the reason of `signal` when it is stopped.
 */
export async function runOpBench(gpu: Gpu, plan: OpPlan, events: BenchEvents = {}): Promise<BenchResult> {
  const { onRow = () => {}, onProgress = () => {}, onStart = () => {}, signal } = events;
  const cases = Object.entries(plan.tables).flatMap(([op, table]) => table.cases.map((item) => ({ op, table, item })));
  const total = cases.length;
  onProgress({ what: "peaks of this device", done: 0, total });
  const environment = await environmentOf(gpu, plan.clock);
  const known = plan.peaks === true ? null : plan.peaks || null;
  const peaks = plan.peaks === true ? await measurePeaks(gpu, { clock: plan.clock, signal }) : known;
  onStart(environment, peaks);
  const rows: BenchRow[] = [];
  for (const [i, { op, table, item }] of cases.entries()) {
    onProgress({ what: `${op} ${item.name}`, done: i, total });
    signal?.throwIfAborted();
    for (const row of await runCase(gpu, op, table, item, plan, { environment, peaks }, signal)) {
      rows.push(row);
      onRow(row);
    }
  }
  onProgress({ what: "done", done: total, total });
  return { environment, peaks, rows };
}

async function runCase(
  gpu: Gpu,
  op: string,
  table: CaseTable,
  item: Case,
  plan: OpPlan,
  known: Pick<BenchResult, "environment" | "peaks">,
  signal: AbortSignal | undefined,
): Promise<BenchRow[]> {
  const tensors = uploadedInputs(gpu, item);
  const made: { readonly blank: BenchRow; readonly program?: Program<unknown> }[] = [];
  const record = (variant: string) => gpu.record(() => table.run(gpu, tensors, item.options ?? {}, variant));
  for (const variant of table.variants) {
    const blank = blankRow(op, variant, item, plan.commandOptions);
    const missing = missingFeatures(table, variant, gpu);
    if (missing.length > 0) {
      made.push({ blank: { ...blank, reason: `this device has no ${missing.join(", ")}` } });
      continue;
    }
    try {
      record(variant).dispose(); // a ShapeError if the variant refuses the case
      const figures = await checkCase(gpu, table, variant, item);
      made.push({ blank: { ...blank, ...figures, verdict: "pass", checked: "everything" }, program: record(variant) });
    } catch (error) {
      gpu.assertUsable();
      const verdict = error instanceof ShapeError ? "n/a" : "fail";
      made.push({ blank: { ...blank, verdict, reason: error instanceof Error ? error.message : String(error) } });
    }
  }
  const right = made.flatMap(({ program }) => (program ? [program] : []));
  const instances = [];
  for (const program of right) instances.push(await program.instantiate());
  const intervals = instances.map((instance) => intervalOf(gpu, [instance], plan.clock));
  const timings = await timeInTurns(intervals, { ...(await timingOn(gpu, plan.clock, plan.timing)), signal });
  for (const instance of instances) instance.dispose();
  const rows = made.map(({ blank, program }) => {
    const timing = program && timings[right.indexOf(program)];
    return program && timing ? timedRow(blank, program, timing, plan, known) : blank;
  });
  const complete = plan.complete ?? ((row: BenchRow) => row);
  for (const program of right) program.dispose();
  for (const input of Object.values(tensors)) input.dispose();
  return withShareOfFastest(rows.map(complete));
}

function blankRow(op: string, variant: string, item: Case, commandOptions: readonly string[]): BenchRow {
  const dtype = (item.inputs["weight"] ?? item.inputs["gateUp"])?.dtype ?? "f32";
  return {
    id: [op, variant, item.name].join("/"),
    op,
    variant,
    batch: item.name,
    mask: null,
    score: null,
    layout: null,
    heads: null,
    dtype,
    model: null,
    verdict: "n/a",
    reason: null,
    checked: null,
    errorRatio: null,
    meanErrorRatio: null,
    nmse: null,
    medianMs: null,
    p10Ms: null,
    p90Ms: null,
    repeats: null,
    samples: null,
    clock: null,
    clockQuantumMs: null,
    firstRunMs: null,
    dispatches: null,
    livePairs: null,
    flops: null,
    flopsFlashAttention: null,
    bytes: null,
    modelledBytes: null,
    requestedBytes: null,
    executedFlops: null,
    ...noSpeed,
    shareOfFastest: null,
    kvBytesPerToken: null,
    workspaceBytes: null,
    command: ["node dist/cli.js bench", op, ...commandOptions].join(" "),
  };
}

function timedRow(
  blank: BenchRow,
  program: Program<unknown>,
  { medianMs, p10Ms, p90Ms, repeats, samples }: Timing,
  { clock }: OpPlan,
  { environment, peaks }: Pick<BenchResult, "environment" | "peaks">,
): BenchRow {
  const { dispatches } = program;
  const flops = dispatches.reduce((sum, { cost }) => sum + cost.flops, 0);
  const bytes = dispatches.reduce((sum, { cost }) => sum + cost.compulsoryBytes, 0);
  return {
    ...blank,
    medianMs,
    p10Ms,
    p90Ms,
    repeats,
    samples,
    clock,
    dispatches: dispatches.length,
    flops,
    bytes,
    clockQuantumMs: environment.clockQuantumMs,
    ...executedBy(dispatches),
    // Sums are f32 for any weights.
    ...speedOf({ flops, bytes, dtype: "f32" }, medianMs, peaks),
    workspaceBytes: program.temporaryBytes,
  };
}
