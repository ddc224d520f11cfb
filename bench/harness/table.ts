import type { BenchRow, Environment, Peaks } from "../result.ts";
import { digits, percent, quantity } from "./numbers.ts";

/** Highlights a piece of text if the terminal supports it. */
export type Paint = (text: string, as: "good" | "bad" | "quiet" | "strong") => string;

/** Options of the table. */
export interface TableOptions {
  /** Show rows that do not apply, with their reasons. */
  readonly all?: boolean;
  readonly paint?: Paint;
  /** Characters per line; reasons are cut to it. Default 100. */
  readonly columns?: number;
}

const plain: Paint = (text) => text;

interface Column {
  readonly title: string;
  readonly width: number;
  readonly cell: (row: BenchRow) => string;
  /**
   * The order in which columns are dropped if a terminal is too narrow: the largest first; columns without one stay.
   */
  readonly sacrifice?: number;
}

const value = (of: number | null, text: (value: number) => string) => (of === null ? "" : text(of));

const columns: readonly Column[] = [
  {
    title: "error",
    width: 5,
    sacrifice: 2,
    cell: ({ errorRatio }) => value(errorRatio, (ratio) => `${ratio.toFixed(2)}×`),
  },
  { title: "median", width: 6, cell: ({ medianMs }) => value(medianMs, digits) },
  {
    title: "p10–p90 ms",
    width: 11,
    sacrifice: 1,
    cell: ({ p10Ms, p90Ms }) => value(p10Ms, (p10) => `${digits(p10)}–${value(p90Ms, digits)}`),
  },
  {
    title: "runs",
    width: 7,
    sacrifice: 3,
    cell: ({ samples, repeats }) => value(samples, (count) => `${count} × ${repeats}`),
  },
  { title: "FLOP/s", width: 6, cell: ({ tflops }) => value(tflops, (rate) => quantity(rate * 1e12)) },
  { title: "B/s", width: 6, cell: ({ gbs }) => value(gbs, (rate) => quantity(rate * 1e9)) },
  { title: "of roofline", width: 11, cell: ({ shareOfPeak }) => value(shareOfPeak, percent) },
  { title: "of fastest", width: 10, cell: ({ shareOfFastest }) => value(shareOfFastest, percent) },
  {
    title: "scratch",
    width: 7,
    sacrifice: 4,
    cell: ({ workspaceBytes }) => value(workspaceBytes, (bytes) => quantity(bytes, "B")),
  },
];

/** The columns that fit a table of this width, after names of `names` characters. */
function columnsFor(width: number, names: number): readonly Column[] {
  let shown = columns;
  const taken = () => 2 + names + 7 + shown.reduce((sum, column) => sum + column.width + 2, 0);
  while (taken() > width) {
    const next = Math.max(...shown.map(({ sacrifice = 0 }) => sacrifice));
    if (next === 0) break;
    shown = shown.filter(({ sacrifice }) => sacrifice !== next);
  }
  return shown;
}

/** The environment of the measurement, in lines of at most `columns` characters where items allow. */
export function formatEnvironment(
  environment: Environment,
  peaks: Peaks | null,
  paint: Paint = plain,
  columns = 100,
): string {
  const { adapter, runtime, platform, encodeUs } = environment;
  const items = [
    `${runtime}, ${platform}`,
    clockText(environment),
    `${quantity(encodeUs / 1e6, "s")} to encode a dispatch`,
  ];
  const lines = [paint(adapter, "strong"), ...fill(items, " · ", columns)];
  if (!peaks) return lines.join("\n");
  const [first = "", ...others] = fill(peakTexts(peaks), " · ", columns, " ".repeat(9));
  return [...lines, `at most  ${first.trimStart()}`, ...others].join("\n");
}

/** The clock of the times, and its quantum. */
export const clockText = ({ clock, clockQuantumMs }: Environment): string =>
  `${clock === "gpu" ? "timestamps of the GPU" : "wall clock"} in steps of ${quantity(clockQuantumMs / 1000, "s")}`;

/** The peaks as texts. */
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

/** The rows of one case: its description and work, and a line for each variant. */
export function formatCase(rows: readonly BenchRow[], options: TableOptions = {}): string {
  const { all = false, paint = plain, columns: width = 100 } = options;
  const [first] = rows;
  if (!first) return "";
  const shown = rows.filter(({ verdict }) => all || verdict !== "n/a");
  const hidden = rows.length - shown.length;
  const names = Math.max(7, ...shown.map(({ variant }) => variant.length));
  const fitting = columnsFor(width, names);
  const lines = heading(rows, width, paint);
  if (shown.some(({ verdict }) => verdict === "pass")) {
    const titles = fitting.map((column) => `  ${column.title.padStart(column.width)}`).join("");
    lines.push(paint(`  ${"variant".padEnd(names)}  check${titles}`, "quiet"));
  }
  for (const row of shown) lines.push(line(row, names, fitting, width, paint));
  if (hidden > 0) {
    const missing = rows.filter(({ verdict }) => verdict === "n/a");
    const variants = missing.map(({ variant }) => variant).join(", ");
    const reasons = new Set(missing.map(({ reason }) => reason));
    // A common reason is shown once; several would fill the screen.
    const [only] = reasons.size === 1 ? reasons : [];
    const said =
      only === undefined
        ? `${variants} (--all shows why)`
        : missing.length < rows.length
          ? `${variants}: ${only}`
          : only;
    lines.push(paint(cut(`  n/a: ${said}`, width), "quiet"));
  }
  return lines.join("\n");
}

/** A case's description and work, on as many lines as needed. */
function heading(rows: readonly BenchRow[], width: number, paint: Paint): string[] {
  const [first] = rows;
  if (!first) return [];
  const { op, batch, mask, score, heads, dtype, model, layout } = first;
  const own = [op === "attention" ? null : op, batch, mask, score === "none" ? null : score, heads, dtype, model];
  const parts = [...own, layout === "contiguous" ? null : layout].filter((part) => part !== null);
  const { livePairs, bytes, kvBytesPerToken } = first;
  const calls = op === "attention" && layout !== "ragged" ? batch.split("_").length : 1;
  const others = rows.flatMap(({ definition, variant, verdict }) => (definition && verdict !== "n/a" ? [variant] : []));
  const facts = [
    value(livePairs, (pairs) => `${quantity(pairs)} pairs`),
    operations(rows),
    value(bytes, (count) => quantity(count, "B")),
    value(kvBytesPerToken, (count) => `KV ${count} B/token`),
    byVariant(rows, ({ bound }) => (bound ? `${bound} bound` : "")),
    value(first.imbalance ?? null, (ratio) => `imbalance ${ratio.toFixed(2)}`),
    byVariant(rows, ({ paddingEfficiency: full }) => value(full ?? null, (share) => `blocks ${percent(share)} full`)),
    calls > 1 ? `${calls} calls, one for each shape` : "",
    others.length > 0 ? `not softmax: ${others.join(", ")}` : "",
  ].filter((fact) => fact !== "");
  const name = parts.join("  ");
  const text = fill(facts, " · ", width - 2, "  ");
  const [only, ...more] = text;
  const together = `${name}   ${only?.trim()}`;
  if (only !== undefined && more.length === 0 && together.length <= width) {
    return [`${paint(name, "strong")}${together.slice(name.length)}`];
  }
  return [...fill(parts, "  ", width).map((part) => paint(part, "strong")), ...text];
}

/** Operations of the rows of a case, with both counts if they differ. */
function operations(rows: readonly BenchRow[]): string {
  return byVariant(rows, ({ flops, flopsFlashAttention: convention }) => {
    const usual = same(convention, flops) ? "" : value(convention, (count) => ` (FA ${quantity(count)})`);
    return value(flops, (count) => quantity(count, "FLOP") + usual);
  });
}

/** A statement about all rows of a case; if they differ, with the names of the variants it applies to. */
function byVariant(rows: readonly BenchRow[], text: (row: BenchRow) => string): string {
  const texts = new Map<string, string[]>();
  const some = rows.filter(({ verdict }) => verdict !== "n/a");
  for (const row of some.length > 0 ? some : rows.slice(0, 1)) {
    if (text(row) !== "") texts.set(text(row), [...(texts.get(text(row)) ?? []), row.variant]);
  }
  const most = Math.max(...[...texts.values()].map((who) => who.length));
  const named = (who: readonly string[]) => (who.length > 1 ? `${who[0]} and ${who.length - 1} more` : who[0]);
  return [...texts]
    .map(([said, who]) => (texts.size === 1 || (most > 1 && who.length === most) ? said : `${said} ${named(who)}`))
    .join(", ");
}

/** Items on lines of at most `width` characters, broken between items; each line after `indent`. */
function fill(items: readonly string[], separator: string, width: number, indent = ""): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines.at(-1);
    const longer = `${last}${separator}${item}`;
    if (last !== undefined && longer.length <= width) lines[lines.length - 1] = longer;
    else lines.push(`${indent}${item}`);
  }
  return lines;
}

/** True if the displayed values are equal. */
const same = (a: number | null, b: number | null) =>
  a === b || (a !== null && b !== null && Math.abs(a - b) < 0.01 * b);

function line(row: BenchRow, names: number, fitting: readonly Column[], width: number, paint: Paint): string {
  const { variant, verdict, reason } = row;
  const name = `  ${variant.padEnd(names)}  `;
  if (verdict === "n/a") return paint(cut(`${name}n/a    ${reason}`, width), "quiet");
  if (verdict === "fail") return `${name}${paint("FAIL", "bad")}   ${cut(reason ?? "", width - name.length - 7)}`;
  const cells = fitting.map((column) => `  ${column.cell(row).padStart(column.width)}`).join("");
  return `${name}${paint("pass", "good")} ${row.shareOfFastest === 1 ? paint(cells, "strong") : cells}`;
}

const cut = (text: string, width: number) => (text.length > width ? `${text.slice(0, Math.max(0, width - 1))}…` : text);

/** The rows grouped by case, in order. */
export function byCase(rows: readonly BenchRow[]): BenchRow[][] {
  const cases = new Map<string, BenchRow[]>();
  for (const row of rows) {
    const key = JSON.stringify([row.op, row.batch, row.mask, row.score, row.layout, row.heads, row.dtype, row.model]);
    cases.set(key, [...(cases.get(key) ?? []), row]);
  }
  return [...cases.values()];
}
