import type { Dispatch } from "../../src/gpu/program/dispatch.ts";
import type { BenchRow, Peaks } from "../result.ts";

/** Operations and bytes of one run, and the type of the operations. */
export interface Work {
  readonly flops: number;
  readonly bytes: number;
  readonly dtype: string;
}

type Speed = Pick<BenchRow, "tflops" | "gbs" | "idealMs" | "bound" | "shareOfPeak">;

/** Null in rows without a time. */
export const noSpeed: Speed = { tflops: null, gbs: null, idealMs: null, bound: null, shareOfPeak: null };

/**
 * Rates, and the share of the roofline (Williams, Waterman and Patterson 2009): a run takes at least flops / peak, and
 * at least bytes / bandwidth.
 */
export function speedOf({ flops, bytes, dtype }: Work, medianMs: number, peaks: Peaks | null): Speed {
  const rates = { tflops: flops / medianMs / 1e9, gbs: bytes / medianMs / 1e6 };
  const peak = (dtype === "f16" ? peaks?.tflopsF16 : peaks?.tflopsF32)?.value ?? null;
  const bandwidth = peaks?.copyGbs.value ?? null;
  if (peak === null || bandwidth === null) return { ...noSpeed, ...rates };
  const computeMs = flops / peak / 1e9;
  const memoryMs = bytes / bandwidth / 1e6;
  const idealMs = Math.max(computeMs, memoryMs);
  return { ...rates, idealMs, bound: computeMs >= memoryMs ? "compute" : "memory", shareOfPeak: idealMs / medianMs };
}

/** The executed work of a program's dispatches; null if a kernel does not state it. */
export function executedBy(dispatches: readonly Dispatch[]): Pick<BenchRow, "requestedBytes" | "executedFlops"> {
  const sum = (of: (dispatch: Dispatch) => number | undefined): number | null => {
    const known = dispatches.flatMap((dispatch) => of(dispatch) ?? []);
    return known.length === dispatches.length ? known.reduce((total, value) => total + value, 0) : null;
  };
  return {
    requestedBytes: sum(({ cost }) => cost.requestedBytes),
    executedFlops: sum(({ cost }) => cost.executedFlops ?? cost.flops),
  };
}

/**
 * The rows of one case with `shareOfFastest` filled in: only correct results take part, and only those that compute the
 * same according to `contends` can be the fastest.
 */
export function withShareOfFastest(
  rows: readonly BenchRow[],
  contends: (row: BenchRow, i: number) => boolean = () => true,
): BenchRow[] {
  const times = rows.flatMap((row, i) => (row.medianMs === null || !contends(row, i) ? [] : [row.medianMs]));
  const fastest = times.length > 0 ? Math.min(...times) : null;
  return rows.map((row) => ({
    ...row,
    shareOfFastest: row.medianMs === null || fastest === null ? null : fastest / row.medianMs,
  }));
}
