import type { Marks } from "../../../src/wgsl/run/step/types.ts";
import type { GpuPrinted } from "../worker/gpu-protocol.ts";
import type { RunReport } from "../worker/protocol.ts";

/** A line that a thread printed, in both executions. */
export interface PrintRow {
  readonly line: number;
  readonly lane: number;
  readonly workgroup: readonly [number, number, number];
  readonly values: readonly number[];
  /** The step before it, if its workgroup is under the lens. */
  readonly step: number | undefined;
  /** What the GPU printed there; undefined if it has not run, or printed nothing there. */
  readonly onGpu: readonly number[] | undefined;
}

/** The n-th of each thread's lines by a key, since only the order within a thread is defined. */
function nthOfThread<T extends { readonly lane: number }>(
  lines: readonly T[],
  workgroupOf: (line: T) => readonly number[],
): Map<string, T> {
  const counts = new Map<string, number>();
  return new Map(
    lines.map((line) => {
      const thread = `${workgroupOf(line).join()} ${line.lane}`;
      const nth = counts.get(thread) ?? 0;
      counts.set(thread, nth + 1);
      return [`${thread} ${nth}`, line];
    }),
  );
}

/** The printed lines of a dispatch, with the steps of the workgroup under the lens and what the GPU printed. */
export function printRows(
  prints: RunReport["prints"],
  { prints: marks }: Pick<Marks, "prints">,
  lens: readonly [number, number, number],
  onGpu: readonly GpuPrinted[],
): PrintRow[] {
  const steps = nthOfThread(marks, () => lens);
  const gpus = nthOfThread(onGpu, ({ workgroup }) => workgroup);
  const own = nthOfThread(prints, ({ workgroup }) => workgroup);
  return [...own].map(([key, { line, lane, workgroup, values }]) => ({
    line,
    lane,
    workgroup,
    values,
    step: steps.get(key)?.step,
    onGpu: gpus.get(key)?.values,
  }));
}

/** Whether both executions printed the same: NaN is NaN, and floats may differ by a few roundings. */
export const isSamePrint = ({ values, onGpu }: PrintRow): boolean =>
  onGpu !== undefined &&
  values.length === onGpu.length &&
  values.every((value, i) => {
    const other = onGpu[i] ?? Number.NaN;
    return Object.is(value, other) || Math.abs(value - other) <= Math.abs(value) * 2 ** -20;
  });
