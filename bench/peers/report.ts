import { digits, percent } from "../harness/numbers.ts";
import { byCase, formatEnvironment, type Paint } from "../harness/table.ts";
import { caseOf, type PeerResult, type PeerRow, verdicts } from "./result.ts";

const value = (of: number | null, text: (value: number) => string) => (of === null ? "" : text(of));

const columns: readonly (readonly [title: string, cell: (row: PeerRow) => string])[] = [
  ["median ms", ({ medianMs }) => value(medianMs, digits)],
  ["p10 – p90", ({ p10Ms, p90Ms }) => value(p10Ms, (p10) => `${digits(p10)} – ${value(p90Ms, digits)}`)],
  ["× peer", ({ ratioToFastestPeer }) => value(ratioToFastestPeer, (ratio) => `${ratio.toPrecision(3)}×`)],
  ["error", ({ errorRatio }) => value(errorRatio, (ratio) => `${ratio.toFixed(2)}×`)],
  ["of roofline", ({ shareOfPeak }) => value(shareOfPeak, percent)],
  ["runs", ({ samples, repeats }) => value(samples, (count) => `${count} × ${repeats}`)],
];

/** The names of the engine and its method. */
const nameOf = ({ engine, variant }: PeerRow) => (variant ? `${engine}: ${variant}` : engine);

/** The report for a terminal: the environment, then a table and a sentence for each case. */
export function formatPeers(result: PeerResult, paint: Paint = (text) => text): string {
  const names = Math.max(...result.rows.map((row) => nameOf(row).length), 6);
  const lines = [formatEnvironment(result.environment, result.peaks, paint)];
  for (const { name, version, failure } of result.engines) {
    lines.push(paint(`${name} ${version ?? ""}${failure ? `: ${failure}` : ""}`.trim(), failure ? "bad" : "quiet"));
  }
  for (const rows of byCase(result.rows) as unknown as PeerRow[][]) {
    const widths = columns.map(([title, cell]) => Math.max(title.length, ...rows.map((row) => cell(row).length)));
    const line = (cells: readonly string[]) => cells.map((text, i) => text.padStart(widths[i] ?? 0)).join("  ");
    const [first] = rows;
    lines.push("", first ? paint(caseOf(first), "strong") : "");
    lines.push(paint(`  ${"".padEnd(names)}  check  ${line(columns.map(([title]) => title))}`, "quiet"));
    for (const row of rows) {
      const name = `  ${nameOf(row).padEnd(names)}  `;
      if (row.verdict === "pass")
        lines.push(`${name}${paint("pass", "good")}   ${line(columns.map(([, cell]) => cell(row)))}`);
      else lines.push(`${name}${row.verdict === "fail" ? paint("FAIL", "bad") : "n/a "}   ${row.reason}`);
    }
  }
  return [...lines, "", ...verdicts(result)].join("\n");
}

/** The same as a Markdown table. */
export function formatPeersMarkdown(result: PeerResult): string {
  const line = (cells: readonly string[]) => `| ${cells.map((cell) => cell.replaceAll("|", "\\|")).join(" | ")} |`;
  const check = ({ verdict, reason }: PeerRow) => (verdict === "pass" ? "pass" : `${verdict}: ${reason}`);
  const { environment, engines, rows } = result;
  const versions = engines.map(({ name, version }) => `${name} ${version ?? "not opened"}`);
  return [
    `${environment.adapter}, ${environment.runtime}, ${environment.date.slice(0, 10)}; ${versions.join(", ")}`,
    "",
    line(["case", "engine", "check", ...columns.map(([title]) => title)]),
    line(["---", "---", "---", ...columns.map(() => "---:")]),
    ...rows.map((row) => line([caseOf(row), nameOf(row), check(row), ...columns.map(([, cell]) => cell(row))])),
  ].join("\n");
}
