import { useState } from "preact/hooks";
import type { BenchRow } from "../../bench/result.ts";
import { copy, download } from "../site/status.ts";
import { environment, load, peaks, rows } from "./run.ts";

const fields = (all: readonly BenchRow[]) => Object.keys(all[0] ?? {}) as (keyof BenchRow)[];
const quoted = (value: unknown) => {
  const text = value === null || value === undefined ? "" : String(value);
  return /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
};

/** Rows as comma-separated values, units in the names of the fields. */
export const csvOf = (all: readonly BenchRow[]): string =>
  [
    fields(all).join(","),
    ...all.map((row) =>
      fields(all)
        .map((field) => quoted(row[field]))
        .join(","),
    ),
  ].join("\n");

const short = ["variant", "batch", "mask", "medianMs", "p10Ms", "p90Ms", "tflops", "gbs", "verdict"] as const;

/** The fields that fit an issue, as a Markdown table. */
export const markdownOf = (all: readonly BenchRow[]): string =>
  [
    `| ${short.join(" | ")} |`,
    `|${short.map(() => "---").join("|")}|`,
    ...all.map(
      (row) =>
        `| ${short.map((field) => (typeof row[field] === "number" ? Number(row[field]).toPrecision(3) : (row[field] ?? ""))).join(" | ")} |`,
    ),
  ].join("\n");

/** Files of what was measured, the link to the set-up, and a result from elsewhere. */
export function Downloads() {
  const all = rows.value;
  const [problem, setProblem] = useState("");
  const json = () => JSON.stringify({ environment: environment.value, peaks: peaks.value, rows: all }, null, 1);
  return (
    <div class="row" style="margin: 16px 0">
      {all.length > 0 && (
        <>
          <button type="button" onClick={() => download("attention.csv", csvOf(all), "text/csv")}>
            CSV
          </button>
          <button type="button" onClick={() => download("attention.json", json(), "application/json")}>
            JSON
          </button>
          <button type="button" onClick={() => download("attention.md", markdownOf(all), "text/markdown")}>
            Markdown
          </button>
          <button type="button" onClick={() => void copy("Table", markdownOf(all))}>
            Copy table
          </button>
        </>
      )}
      <button type="button" onClick={() => void copy("Link", location.href)}>
        Copy link
      </button>
      <label class="button">
        Load a result…
        <input
          type="file"
          accept="application/json"
          class="hidden-text"
          onChange={({ currentTarget }) => {
            const [file] = currentTarget.files ?? [];
            if (file)
              load(file).then(
                () => setProblem(""),
                (error: unknown) => setProblem(String((error as Error).message)),
              );
            currentTarget.value = "";
          }}
        />
      </label>
      {problem && (
        <p class="problem" role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
