import { digits, quantity } from "../harness/numbers.ts";
import type { GenerateResult, Ratio, Spread, SubjectResult } from "./result.ts";

const spread = (of: Spread | null | undefined, text: (value: number) => string): string =>
  of ? text(of.median) + (of.samples > 1 ? ` (${text(of.p10)} – ${text(of.p90)})` : "") : "";

const seconds = (milliseconds: number) => (milliseconds / 1000).toFixed(2);

/** A table with aligned columns, in Markdown. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  const widths = head.map((title, i) => Math.max(title.length, ...rows.map((row) => (row[i] ?? "").length)));
  const line = (cells: readonly string[]) =>
    `| ${widths.map((width, i) => (cells[i] ?? "").padEnd(width)).join(" | ")} |`;
  return [line(head), line(widths.map((width) => "-".repeat(width))), ...rows.map(line)];
}

const byteColumns = ["engine", "first visit", "scripts", "WebAssembly", "model", "with gzip", "return visit"];

/** The result in words and tables, in Markdown. */
export function formatGeneration({ environment, subjects, ratios }: GenerateResult): string {
  const { model, processor, browser, node, date, load } = environment;
  const devices = [...new Set(subjects.flatMap(({ device }) => device ?? []))];
  const lengths = subjects.find(({ rates }) => rates.length > 0)?.rates.map(({ tokens }) => tokens) ?? [];
  const right = subjects.filter(({ verdict }) => verdict === "pass");
  const failed = subjects.filter(({ reason }) => reason !== null);
  const visited = right.filter(({ firstVisit }) => firstVisit?.bytes);
  const samples = right[0]?.rates[0]?.tokensPerSecond?.samples ?? 0;
  return [
    `${model}, greedy; ${processor}; ${browser ?? "no browser"}, ${node}; ${date.slice(0, 10)}`,
    `Adapter: ${devices.join("; ") || "none"}`,
    `Load of the machine: ${load.map((one) => one.toFixed(1)).join(" before, ")} after, of which this is a part.`,
    "",
    `Median (10th to 90th percentile) of ${samples} rounds, and of ${right[0]?.firstVisit?.firstTokenMs?.samples ?? 0} visits.`,
    "",
    ...table(
      [
        ...["engine", "check", "first visit: s to first token", "return visit: s", "loaded: ms to first token"],
        ...lengths.map((tokens) => `tokens a second, of ${tokens}`),
      ],
      subjects.map((subject) => [titleOf(subject), subject.verdict, ...timesOf(subject)]),
    ),
    ...failed.map((subject) => `- ${titleOf(subject)}: ${subject.reason}`),
    ...(visited.length > 0
      ? [
          "",
          ...table(
            byteColumns,
            visited.map((one) => [titleOf(one), ...bytesOf(one)]),
          ),
        ]
      : []),
    ...(ratios.some(({ ratio }) => ratio) ? [""] : []),
    ...ratios.flatMap(sentenceOf),
  ].join("\n");
}

const titleOf = ({ title, version }: SubjectResult) => `${title}${version ? ` ${version}` : ""}`;
function timesOf({ firstVisit, returnVisit, rates }: SubjectResult): string[] {
  return [
    spread(firstVisit?.firstTokenMs, seconds),
    spread(returnVisit?.firstTokenMs, seconds),
    spread(rates[0]?.firstTokenMs, digits),
    ...rates.map(({ tokensPerSecond }) => spread(tokensPerSecond, digits)),
  ];
}

function bytesOf({ firstVisit, returnVisit }: SubjectResult): string[] {
  const bytes = firstVisit?.bytes;
  if (!bytes) return [];
  const { total, scripts, wasm, model, compressed } = bytes;
  return [...[total, scripts, wasm, model, compressed], returnVisit?.bytes?.total ?? 0].map((one) =>
    quantity(one, "B"),
  );
}

function sentenceOf({ of, to, tokens, ratio }: Ratio): string[] {
  if (!ratio) return [];
  const where = { worker: "a worker", main: "the page's thread", node: "Node" } as Readonly<Record<string, string>>;
  const text = spread(ratio, (value) => value.toFixed(2));
  return [`- ${tokens} tokens: the speed in ${where[of]} over that in ${where[to]}, round by round: ${text}`];
}
