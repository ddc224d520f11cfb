import { quantity } from "../harness/numbers.ts";
import type { ModelRow } from "./result.ts";
import { testName } from "./run.ts";

const titles = ["model", "size", "params", "engine", "backend", "test", "t/s", "of floor", "× cache", "check"] as const;

/** Cells of a row in the order of the columns; llama-bench's, plus the engine and the check. */
function cells(row: ModelRow): string[] {
  const test = testName({ prompt: row.n_prompt, generate: row.n_gen, depth: row.n_depth });
  const rate = row.verdict === "pass" ? `${row.avg_ts.toFixed(2)} ± ${row.stddev_ts.toFixed(2)}` : "";
  // A step's time relative to reading its weights once.
  const share = row.floor_ns === null ? "" : `${Math.round((100 * row.floor_ns * row.n_gen) / row.avg_ns)} %`;
  // The cost of depth, relative to reading the keys and values that it adds.
  const deeper = row.depth_ratio === null ? "" : row.depth_ratio.toFixed(2);
  const size = `${(row.model_size / 2 ** 20).toFixed(2)} MiB`;
  return [
    row.model_type,
    size,
    quantity(row.model_n_params),
    row.engine,
    row.backends,
    test,
    rate,
    share,
    deeper,
    row.verdict,
  ];
}

/** The rows as a Markdown table, as llama-bench prints it; numbers are on the right. */
export function modelTable(rows: readonly ModelRow[]): string {
  const lines = [[...titles], ...rows.map(cells)];
  const widths = titles.map((_, i) => Math.max(...lines.map((line) => line[i]?.length ?? 0)));
  const right = new Set(["size", "params", "test", "t/s", "of floor", "× cache"]);
  const isRight = titles.map((title) => right.has(title));
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, i) => (isRight[i] ? text.padStart(widths[i] ?? 0) : text.padEnd(widths[i] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, i) => (isRight[i] ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  const [head = [], ...body] = lines;
  return [line(head), rule, ...body.map(line)].join("\n");
}

/** Each engine's device, and the checks before timing, as items. */
export function checkItems(rows: readonly ModelRow[]): string[][] {
  const engines = new Map(rows.map((row) => [row.engine + row.backends, row]));
  return [...engines.values()].map(({ engine, gpu_info, checked, error, reason }) => [
    `${engine}: ${gpu_info}`,
    ...(reason === null ? [checked] : [reason]),
    ...(error === null ? [] : [`at most ${error.toExponential(1)} apart`]),
  ]);
}
