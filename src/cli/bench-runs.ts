import { writeFile } from "node:fs/promises";
import type { Bench } from "./bench-output.ts";
import { print, say } from "./output.ts";
import type { StatusLine } from "./status-line.ts";
import { fill, lineColumns } from "./terminal.ts";

type Run = Parameters<Bench["runModelBench"]>;
type Rows = Awaited<ReturnType<Bench["runModelBench"]>>;

/**
 * Runs the tests of models under a status line, then prints the rows, or writes them where `json` says. Rows that were
 * measured before Ctrl-C or before an engine failed are printed and written too; the failure is then thrown.
 *
 * @param json a file for llama-bench's JSON, or `-` for stdout in place of the table.
 */
export async function runAndReport(
  bench: Bench,
  subjects: Run[0],
  plan: Run[1],
  status: StatusLine,
  json: string | undefined,
): Promise<void> {
  const rows: Rows = [];
  try {
    await bench.runModelBench(subjects, {
      ...plan,
      onRow: (row) => rows.push(row),
      onProgress: (what) => status.show(what),
    });
  } catch (error) {
    if (!plan.signal?.aborted) throw error;
  } finally {
    status.clear();
    await report(bench, rows, json);
  }
}

/** Prints and writes rows. A wrong result sets the exit code. */
async function report(bench: Bench, rows: Rows, json: string | undefined): Promise<void> {
  const text = `${JSON.stringify(rows, null, 1)}\n`;
  if (json === "-") await print(text);
  else {
    if (rows.length > 0) await print(`${bench.modelTable(rows)}\n`);
    for (const items of bench.checkItems(rows)) say(fill(items, " · ", lineColumns()));
    if (json !== undefined) await writeFile(json, text);
  }
  if (rows.some(({ verdict }) => verdict === "fail")) process.exitCode = 1;
}
