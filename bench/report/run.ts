import type { Gpu } from "../../src/index.ts";
import { environmentOf } from "../harness/environment.ts";
import { measurePeaks } from "../harness/peaks.ts";
import { type Found, parts, type ReportPlan } from "./parts.ts";
import type { DeviceReport, LeftOut, PartName } from "./result.ts";

/** Callbacks for a report's progress, and the signal to end it early. */
export interface ReportEvents {
  readonly onProgress?: (what: string) => void;
  readonly signal?: AbortSignal | undefined;
}

/** Why a software adapter's list is shorter. */
const software = "a software adapter runs a shorter list: its speed says nothing about a GPU";
const late = "the time was up";
const stopped = "the run was stopped";

/**
 * Measures how a device does: the op checks, then the benches, the bundled model and the tuner, each as its own command
 * runs it. What a failure, the time or `signal` leaves out is listed in the report with the reason; a lost device ends
 * it. Throws the reason of `signal` only before anything has been found.
 */
export async function runReport(gpu: Gpu, plan: ReportPlan, events: ReportEvents = {}): Promise<DeviceReport> {
  const { onProgress = () => {}, signal } = events;
  const begun = performance.now();
  onProgress("peaks of this device");
  const environment = await environmentOf(gpu, plan.clock);
  const peaks = plan.peaks ? await measurePeaks(gpu, { clock: plan.clock, signal }) : null;
  const found: Found = { checks: [], rows: [], generation: [], tuning: [] };
  const seconds: Partial<Record<PartName, number>> = {};
  const left = new Map<string, { part: PartName; why: string; counts: Map<string, number> }>();
  const leaveOut = (part: PartName, why: string, what: string, count = 1) => {
    const known = left.get(`${part} ${why}`) ?? { part, why, counts: new Map<string, number>() };
    known.counts.set(what, (known.counts.get(what) ?? 0) + count);
    left.set(`${part} ${why}`, known);
  };
  let lost: string | undefined;
  for (const { name: part, until, items } of parts) {
    const from = performance.now();
    const deadline = begun + until * plan.budgetMs;
    /** Why nothing more is measured in this part. */
    const over = () => lost ?? (signal?.aborted === true ? stopped : performance.now() > deadline ? late : undefined);
    for await (const { name, listed = name, long, run } of items()) {
      const why = long && environment.software ? software : over();
      if (why !== undefined) {
        leaveOut(part, why, listed);
        continue;
      }
      onProgress(`${part}: ${name}`);
      const progress = (what: string) => onProgress(`${part}: ${what}`);
      try {
        const missed = await run({ gpu, plan, peaks, found, signal, deadline, progress });
        if (missed) leaveOut(part, late, missed.what, missed.count);
      } catch (error) {
        lost = lossOf(gpu);
        const failure = error instanceof Error ? error.message : String(error);
        leaveOut(part, lost ?? (signal?.aborted ? stopped : failure), listed);
      }
    }
    seconds[part] = Math.round((performance.now() - from) / 100) / 10;
  }
  const leftOut = [...left.values()].map(
    ({ part, why, counts }): LeftOut => ({
      part,
      why,
      count: [...counts.values()].reduce((sum, count) => sum + count, 0),
      what: [...counts].map(([what, count]) => (count === 1 ? what : `${what}: ${count}`)),
    }),
  );
  const { versions } = plan;
  return {
    format: 1,
    versions,
    environment,
    peaks,
    seconds,
    interrupted: signal?.aborted === true,
    leftOut,
    ...found,
  };
}

/** Why a device cannot be used any more; undefined where it can. */
function lossOf(gpu: Gpu): string | undefined {
  try {
    gpu.assertUsable();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** The text of a report's file: one line for each check and row. */
export function reportText(report: DeviceReport): string {
  const listed = (values: readonly unknown[]) =>
    values.length === 0 ? "[]" : `[\n${values.map((value) => `  ${JSON.stringify(value)}`).join(",\n")}\n ]`;
  const lines = Object.entries<unknown>({ ...report }).map(
    ([name, value]) => ` ${JSON.stringify(name)}: ${Array.isArray(value) ? listed(value) : JSON.stringify(value)}`,
  );
  return `{\n${lines.join(",\n")}\n}\n`;
}
