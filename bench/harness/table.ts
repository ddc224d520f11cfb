import type { Measurement } from "./measure.ts";

const number = (value: number | undefined, digits: number) => (value === undefined ? "" : value.toFixed(digits));

/** Rows as a table for a terminal; a wrong row shows its verdict and no speed. */
export function formatTable(rows: readonly Measurement[]): string {
  const head = ["op", "variant", "case", "µs", "p10–p90", "GFLOP/s", "GB/s", "verdict"];
  const body = rows.map((row) => [
    row.op,
    row.variant,
    row.case,
    number(row.median, 1),
    row.median === undefined ? "" : `${number(row.p10, 1)}–${number(row.p90, 1)}`,
    number(row.gflops, 2),
    number(row.gigabytes, 2),
    row.verdict,
  ]);
  const widths = head.map((title, i) => Math.max(title.length, ...body.map((cells) => (cells[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, i) => (i >= 3 && i <= 6 ? cell.padStart(widths[i] ?? 0) : cell.padEnd(widths[i] ?? 0)))
      .join("  ")
      .trimEnd();
  return [line(head), line(widths.map((width) => "─".repeat(width))), ...body.map(line)].join("\n");
}
