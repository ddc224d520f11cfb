import { useState } from "preact/hooks";
import { backwardAnswers, backwardQuestion } from "../../../bench/attention/backward/answers.ts";
import { formatCsv, formatMarkdown } from "../../../bench/harness/documents.ts";
import { CopyButton } from "../../shell/controls/copy-button.tsx";
import { download } from "../../shell/status.ts";
import { linkNow } from "../state.ts";
import { hasGradientRows } from "./gradients.ts";
import { load, shown } from "./results.ts";

/** A Markdown table as HTML, for pasting. */
function htmlOf(markdown: string): string {
  const escaped = (text: string) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
  const lines = markdown.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| ---"));
  const cells = (line: string) => line.slice(2, -2).split(" | ");
  const row = (line: string, i: number) => {
    const tag = i === 0 ? "th" : "td";
    return `<tr>${cells(line)
      .map((cell) => `<${tag}>${escaped(cell)}</${tag}>`)
      .join("")}</tr>`;
  };
  return `<table>${lines.map(row).join("")}</table>`;
}

/** Files of the measurements, the link to the set-up, and loading a result from a file. */
export function Downloads() {
  const { rows, environment, peaks } = shown.value;
  const [problem, setProblem] = useState("");
  // As in the command: gradients answer a question.
  const answers = hasGradientRows(rows) && { question: backwardQuestion, answers: backwardAnswers(rows) };
  const result = environment && rows.length > 0 ? { environment, peaks, rows, ...answers } : undefined;
  return (
    <div class="row downloads">
      {result && (
        <>
          <button type="button" onClick={() => download("attention.csv", formatCsv(result), "text/csv")}>
            CSV
          </button>
          <button
            type="button"
            onClick={() => download("attention.json", JSON.stringify(result, null, 1), "application/json")}
          >
            JSON
          </button>
          <button type="button" onClick={() => download("attention.md", formatMarkdown(result, true), "text/markdown")}>
            Markdown
          </button>
          <CopyButton
            what="Table"
            text={() => formatMarkdown(result, true)}
            html={() => htmlOf(formatMarkdown(result, true))}
          >
            Copy table
          </CopyButton>
        </>
      )}
      <CopyButton what="Link" text={linkNow}>
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
          {problem}. Expected is a file saved here by “JSON”, or by <code>--json</code> on the command line.
        </p>
      )}
    </div>
  );
}
