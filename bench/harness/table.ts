import type { BenchRow, Environment, Peaks } from "../result.ts";
import { digits, percent, quantity } from "./numbers.ts";

/** Makes a piece of text stand out where a terminal can. */
export type Paint = (text: string, as: "good" | "bad" | "quiet" | "strong") => string;

/** How the table is to look. */
export interface TableOptions {
  /** Rows that do not apply are shown, with their reasons. */
  readonly all?: boolean;
  readonly paint?: Paint;
  /** Characters of a line; reasons are cut to it. Default 120. */
  readonly columns?: number;
}

const plain: Paint = (text) => text;

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (row: BenchRow) => string;
}

const value = (of: number | null, text: (value: number) => string) => (of === null ? "" : text(of));

const columns: readonly Column[] = [
  { title: "error", width: 6, cell: ({ errorRatio }) => value(errorRatio, (ratio) => `${ratio.toFixed(2)}×`) },
  { title: "median ms", width: 9, cell: ({ medianMs }) => value(medianMs, digits) },
  {
    title: "p10 – p90",
    width: 13,
    cell: ({ p10Ms, p90Ms }) => value(p10Ms, (p10) => `${digits(p10)} – ${value(p90Ms, digits)}`),
  },
  { title: "runs", width: 8, cell: ({ samples, repeats }) => value(samples, (count) => `${count} × ${repeats}`) },
  { title: "FLOP/s", width: 7, cell: ({ tflops }) => value(tflops, (rate) => quantity(rate * 1e12)) },
  { title: "B/s", width: 7, cell: ({ gbs }) => value(gbs, (rate) => quantity(rate * 1e9)) },
  {
    title: "of roofline",
    width: 12,
    cell: ({ shareOfPeak, bound }) => value(shareOfPeak, (share) => `${percent(share)} ${bound}`),
  },
  { title: "of best", width: 7, cell: ({ shareOfFastest }) => value(shareOfFastest, percent) },
  {
    title: "workspace",
    width: 9,
    cell: ({ workspaceBytes }) => value(workspaceBytes, (bytes) => quantity(bytes, "B")),
  },
];

/** Where and with what was measured, in two or three lines. */
export function formatEnvironment(environment: Environment, peaks: Peaks | null, paint: Paint = plain): string {
  const { adapter, runtime, platform, clock, clockQuantumMs, encodeUs } = environment;
  const items = [
    `${runtime}, ${platform}`,
    `${clock === "gpu" ? "timestamps of the GPU" : "wall clock"} in steps of ${quantity(clockQuantumMs / 1000, "s")}`,
    `${quantity(encodeUs / 1e6, "s")} to encode a dispatch`,
  ];
  const lines = [paint(adapter, "strong"), items.join(" · ")];
  if (peaks) lines.push(`at most  ${peakTexts(peaks).join(" · ")}`);
  return lines.join("\n");
}

/** The peaks, one text each. */
export function peakTexts({ tflopsF32, tflopsF16, copyGbs, workgroupGbs, dispatchUs }: Peaks): string[] {
  const text = (name: string, { value: of, reason }: Peaks["copyGbs"], show: (value: number) => string) =>
    of === null ? `${name} n/a (${reason})` : `${name} ${show(of)}`;
  return [
    text("f32", tflopsF32, (rate) => quantity(rate * 1e12, "FLOP/s")),
    text("f16", tflopsF16, (rate) => quantity(rate * 1e12, "FLOP/s")),
    text("copy", copyGbs, (rate) => quantity(rate * 1e9, "B/s")),
    text("workgroup memory", workgroupGbs, (rate) => quantity(rate * 1e9, "B/s")),
    text("dispatch", dispatchUs, (time) => quantity(time / 1e6, "s")),
  ];
}

/** The rows of one case: what it is and takes, and a line for each variant. */
export function formatCase(rows: readonly BenchRow[], options: TableOptions = {}): string {
  const { all = false, paint = plain, columns: width = 120 } = options;
  const [first] = rows;
  if (!first) return "";
  const shown = rows.filter(({ verdict }) => all || verdict !== "n/a");
  const hidden = rows.length - shown.length;
  const names = Math.max(7, ...rows.map(({ variant }) => variant.length));
  const lines = [heading(first, width, paint)];
  if (shown.some(({ verdict }) => verdict === "pass")) {
    const titles = columns.map((column) => column.title.padStart(column.width)).join("  ");
    lines.push(paint(`  ${"variant".padEnd(names)}  check ${titles}`, "quiet"));
  }
  for (const row of shown) lines.push(line(row, names, width, paint));
  if (hidden > 0) {
    const variants = rows.filter(({ verdict }) => verdict === "n/a").map(({ variant }) => variant);
    const alone = shown.length === 0 ? `: ${first.reason}` : ` (--all says why)`;
    lines.push(paint(cut(`  n/a: ${variants.join(", ")}${alone}`, width), "quiet"));
  }
  return lines.join("\n");
}

/** What a case is and takes; on two lines where one is too short. */
function heading(row: BenchRow, width: number, paint: Paint): string {
  const { op, batch, mask, score, heads, dtype, model, layout } = row;
  const parts = [op === "attention" ? null : op, batch, mask, score === "none" ? null : score, heads, dtype, model];
  const name = parts.filter((part) => part !== null).join("  ");
  const { livePairs, flops, flopsFlashAttention: convention, bytes, kvBytesPerToken } = row;
  const facts = [
    value(livePairs, (pairs) => `${quantity(pairs)} pairs`),
    value(flops, (count) => quantity(count, "FLOP")),
    alike(convention, flops) ? "" : value(convention, (count) => `(FA ${quantity(count)})`),
    value(bytes, (count) => quantity(count, "B")),
    value(kvBytesPerToken, (count) => `KV ${count} B/token`),
    layout === null || layout === "contiguous" ? "" : layout,
  ].filter((fact) => fact !== "");
  const text = facts.join(" · ").replaceAll(" · (", " (");
  return paint(name, "strong") + (name.length + 3 + text.length > width ? "\n  " : "   ") + text;
}

/** True where a reader would see no difference. */
const alike = (a: number | null, b: number | null) =>
  a === b || (a !== null && b !== null && Math.abs(a - b) < 0.01 * b);

function line(row: BenchRow, names: number, width: number, paint: Paint): string {
  const { variant, verdict, reason } = row;
  const name = `  ${variant.padEnd(names)}  `;
  if (verdict === "n/a") return paint(cut(`${name}n/a   ${reason}`, width), "quiet");
  if (verdict === "fail") return `${name}${paint("FAIL", "bad")}  ${cut(reason ?? "", width - name.length - 6)}`;
  const cells = columns.map((column) => column.cell(row).padStart(column.width)).join("  ");
  return `${name}${paint("pass", "good")}  ${row.shareOfFastest === 1 ? paint(cells, "strong") : cells}`;
}

const cut = (text: string, width: number) => (text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text);

/** The rows by case, in order. */
export function byCase(rows: readonly BenchRow[]): BenchRow[][] {
  const cases = new Map<string, BenchRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.op, row.batch, row.mask, row.score, row.heads, row.dtype, row.model]);
    cases.set(key, [...(cases.get(key) ?? []), row]);
  }
  return [...cases.values()];
}
