// A result in formats for other programs: CSV, Markdown.
import type { BenchResult, BenchRow } from "../result.ts";
import { digits, percent, quantity } from "./numbers.ts";
import { clockText, peakTexts } from "./table.ts";

/** A header line, then a line per row, with every field, the adapter first. */
export function formatCsv({ environment, rows }: BenchResult): string {
  const names = Object.keys(rows[0] ?? {}) as (keyof BenchRow)[];
  const cell = (value: unknown) => {
    const text = value === null || value === undefined ? "" : String(value);
    return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  };
  const { adapter, software, date } = environment;
  const lines = rows.map((row) => [adapter, software, date, ...names.map((name) => row[name])].map(cell).join(","));
  return [["adapter", "software", "date", ...names].join(","), ...lines].join("\n");
}

const value = (of: number | null, text: (value: number) => string) => (of === null ? "" : text(of));

const columns: readonly (readonly [title: string, cell: (row: BenchRow) => string])[] = [
  [
    "case",
    ({ batch, mask, score, heads, dtype, layout, model }) =>
      [
        ...[batch, mask, score === "none" ? null : score, heads, dtype === "f32" ? null : dtype, model],
        layout === "contiguous" ? null : layout,
      ]
        .filter(Boolean)
        .join(" "),
  ],
  ["variant", ({ variant }) => `\`${variant}\``],
  ["check", ({ verdict, reason }) => (verdict === "pass" ? "pass" : `${verdict}: ${reason}`)],
  ["error", ({ errorRatio }) => value(errorRatio, (ratio) => `${ratio.toFixed(2)}×`)],
  ["median ms", ({ medianMs }) => value(medianMs, digits)],
  ["p10 – p90", ({ p10Ms, p90Ms }) => value(p10Ms, (p10) => `${digits(p10)} – ${value(p90Ms, digits)}`)],
  ["runs", ({ samples, repeats }) => value(samples, (count) => `${count} × ${repeats}`)],
  ["FLOP", ({ flops }) => value(flops, (count) => quantity(count))],
  ["FLOP by FA", ({ flopsFlashAttention }) => value(flopsFlashAttention, (count) => quantity(count))],
  ["FLOP/s", ({ tflops }) => value(tflops, (rate) => quantity(rate * 1e12))],
  ["B/s", ({ gbs }) => value(gbs, (rate) => quantity(rate * 1e9))],
  ["of roofline", ({ shareOfPeak, bound }) => value(shareOfPeak, (share) => `${percent(share)} ${bound}`)],
  ["KV B/token", ({ kvBytesPerToken }) => value(kvBytesPerToken, String)],
  ["of fastest", ({ shareOfFastest }) => value(shareOfFastest, percent)],
  ["workspace", ({ workspaceBytes }) => value(workspaceBytes, (bytes) => quantity(bytes, "B"))],
];

/** A table for a document, with the adapter above it. Rows that do not apply are left out unless `all`. */
export function formatMarkdown({ environment, peaks, rows, question, answers = [] }: BenchResult, all = false): string {
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell) => cell.replaceAll(/\s+/g, " ").replaceAll("|", "\\|")).join(" | ")} |`;
  const shown = rows.filter(({ verdict }) => all || verdict !== "n/a");
  return [
    `${environment.adapter}, ${environment.runtime}, ${environment.date.slice(0, 10)}, ${clockText(environment)}`,
    ...(peaks ? ["", `At most: ${peakTexts(peaks).join(" · ")}`] : []),
    "",
    line(columns.map(([title]) => title)),
    line(columns.map((_, i) => (i < 3 ? "---" : "---:"))),
    ...shown.map((row) => line(columns.map(([, cell]) => cell(row)))),
    ...(question === undefined ? [] : ["", question]),
    ...(answers.length > 0 ? ["", ...answers.map((answer) => `- ${answer}`)] : []),
  ].join("\n");
}
