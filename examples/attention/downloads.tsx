import { useState } from "preact/hooks";
import type { BenchRow } from "../../bench/result.ts";
import { CopyButton } from "../site/copy-button.tsx";
import { download } from "../site/status.ts";
import { load, shown } from "./results.ts";

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

const shortText = (value: unknown) => (typeof value === "number" ? value.toPrecision(3) : String(value ?? ""));

/** The fields that fit an issue, as a Markdown table. */
export const markdownOf = (all: readonly BenchRow[]): string =>
  [
    `| ${short.join(" | ")} |`,
    `|${short.map(() => "---").join("|")}|`,
    ...all.map((row) => `| ${short.map((field) => shortText(row[field])).join(" | ")} |`),
  ].join("\n");

/** The same as a table of HTML, for what pastes that. */
export function htmlOf(all: readonly BenchRow[]): string {
  const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const cells = (tag: string, texts: readonly string[]) => texts.map((text) => `<${tag}>${escaped(text)}</${tag}>`);
  const rows = all.map((row) =>
    cells(
      "td",
      short.map((field) => shortText(row[field])),
    ),
  );
  return `<table><tr>${cells("th", short).join("")}</tr>${rows.map((row) => `<tr>${row.join("")}</tr>`).join("")}</table>`;
}

/** Files of what was measured, the link to the set-up, and a result from elsewhere. */
export function Downloads() {
  const { rows: all, environment, peaks } = shown.value;
  const [problem, setProblem] = useState("");
  const json = () => JSON.stringify({ environment, peaks, rows: all }, null, 1);
  return (
    <div class="row downloads">
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
          <CopyButton what="Table" text={() => markdownOf(all)} html={() => htmlOf(all)}>
            Copy table
          </CopyButton>
        </>
      )}
      <CopyButton what="Link" text={() => location.href}>
        Copy link
      </CopyButton>
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
