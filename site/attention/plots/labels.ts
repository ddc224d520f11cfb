// Names of variants next to their points.
import type { BenchRow } from "../../../bench/result.ts";

/** Pixels of a plot's height within its axes, and of a label. */
const [inner, lineHeight] = [264, 14];

/**
 * The name of each variant next to its last point, on a logarithmic axis of so many decades: moved up where it would
 * overlap another.
 */
export function labels(rows: readonly BenchRow[], height: (row: BenchRow) => number, decades: number) {
  const least = 10 ** ((decades * lineHeight) / inner);
  let last = 0;
  return [...rows]
    .sort((p, q) => height(p) - height(q))
    .map((row) => {
      last = Math.max(height(row), last * least);
      return { row, text: row.variant, at: last };
    });
}

/** Pixels for the names of variants at the right of a plot. */
export function nameRoom(rows: readonly BenchRow[], width: number): number {
  const longest = Math.max(0, ...rows.map(({ variant }) => variant.length));
  return Math.min(Math.max(90, 16 + 7 * longest), 0.42 * width);
}
