// Results of runs: a file of them, and the table of their means.
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** A run's result. */
export interface Run {
  readonly task: string;
  readonly net: string;
  /** Labelled examples. */
  readonly size: number;
  readonly seed: number;
  readonly steps: number;
  /** Examples of a step. */
  readonly batch: number;
  readonly learningRate: number;
  /** On examples of documents that are held out, from 0 to 1. */
  readonly score: number;
  readonly seconds: number;
}

/** The runs of a file; none if it is missing. */
export const readRuns = (file: string): readonly Run[] =>
  existsSync(file) ? JSON.parse(readFileSync(file, "utf8")).runs : [];

/** Writes runs, one a line. */
export function writeRuns(file: string, runs: readonly Run[]): void {
  mkdirSync(dirname(file), { recursive: true });
  const lines = runs.map((run) => `    ${JSON.stringify(run)}`).join(",\n");
  writeFileSync(`${file}.part`, `{\n  "runs": [\n${lines}\n  ]\n}\n`);
  renameSync(`${file}.part`, file);
}

/** The mean of scores, and their standard deviation (with n − 1). */
export function meanOf(scores: readonly number[]): { readonly mean: number; readonly deviation: number } {
  const mean = scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const squares = scores.reduce((sum, score) => sum + (score - mean) ** 2, 0);
  return { mean, deviation: scores.length > 1 ? Math.sqrt(squares / (scores.length - 1)) : 0 };
}

/** True for the same training on the same examples. */
export const isSame = (a: Omit<Run, "score" | "seconds">, b: Omit<Run, "score" | "seconds">): boolean =>
  (["task", "net", "size", "seed", "steps", "batch", "learningRate"] as const).every((name) => a[name] === b[name]);

/** A share as a percentage. */
export const percent = (share: number): string => (100 * share).toFixed(1);

/** Means and deviations of all seeds, a row for each task and net, as Markdown. */
export function tableOf(runs: readonly Run[]): string {
  const sizes = [...new Set(runs.map(({ size }) => size))].toSorted((a, b) => a - b);
  const rows = [...new Set(runs.map(({ task, net }) => `${task} | ${net}`))];
  const cell = (row: string, size: number) => {
    const own = runs.filter((run) => `${run.task} | ${run.net}` === row && run.size === size);
    if (own.length === 0) return "";
    const { mean, deviation } = meanOf(own.map(({ score }) => score));
    return own.length > 1 ? `${percent(mean)} ± ${percent(deviation)}` : percent(mean);
  };
  const lines = [
    ["task", "net", ...sizes.map((size) => `${size} examples`)],
    ["---", "---", ...sizes.map(() => "---")],
    ...rows.map((row) => [row, ...sizes.map((size) => cell(row, size))]),
  ];
  return lines.map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}
