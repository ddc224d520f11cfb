// Rows of attention's gradients, put next to the forward pass of their case.
import type { BenchRow } from "../../../bench/result.ts";

/** A variant's gradients for a case, their forward pass, and both in one program. */
export interface GradientLine {
  readonly backward: BenchRow;
  readonly forward: BenchRow | undefined;
  readonly both: BenchRow | undefined;
  /** The time of the gradients over that of the forward pass; null unless both were correct and timed. */
  readonly ratio: number | null;
}

/** The op of rows that measure gradients, or their comparison. */
export const gradientOp = "attention-backward";

/** True if some rows are of gradients. */
export const hasGradientRows = (rows: readonly BenchRow[]): boolean => rows.some(({ op }) => op === gradientOp);

const caseOf = ({ op, batch, mask, score, layout, heads, dtype, model }: BenchRow): string =>
  [op, batch, mask, score, layout, heads, dtype, model].join("/");

/** The forward pass of each case, by the key that its rows share. */
function forwardsOf(rows: readonly BenchRow[]): ReadonlyMap<string, BenchRow> {
  const found = rows.filter(({ op, variant }) => op === gradientOp && variant === "forward");
  return new Map(found.map((row) => [caseOf(row), row]));
}

const quotient = (row: BenchRow | undefined, of: BenchRow | undefined): number | null =>
  row?.verdict === "pass" && of?.verdict === "pass" && row.medianMs !== null && of.medianMs
    ? row.medianMs / of.medianMs
    : null;

/** The gradients of a result, one line per variant and case. */
export function gradientLines(rows: readonly BenchRow[]): readonly GradientLine[] {
  const forwards = forwardsOf(rows);
  const names = new Set(["inference", "forward"]);
  return rows.flatMap((row) => {
    if (row.op !== gradientOp || names.has(row.variant) || row.variant.startsWith("forward+")) return [];
    const forward = forwards.get(caseOf(row));
    const both = rows.find((one) => one.variant === `forward+${row.variant}` && caseOf(one) === caseOf(row));
    return [{ backward: row, forward, both, ratio: quotient(row, forward) }];
  });
}

/** The time of each row over that of its case's forward pass, by the rows' ids. */
export function forwardRatios(rows: readonly BenchRow[]): ReadonlyMap<string, number> {
  const forwards = forwardsOf(rows);
  return new Map(
    rows.flatMap((row) => {
      const ratio = quotient(row, forwards.get(caseOf(row)));
      return ratio === null ? [] : [[row.id, ratio] as const];
    }),
  );
}
