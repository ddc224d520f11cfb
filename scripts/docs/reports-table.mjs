// The table of all devices whose reports lie in bench/results/reports. A file that is not a report stops the run.
import { readdir, readFile } from "node:fs/promises";
import { bundled } from "./bundled.mjs";
import { table } from "./tables.mjs";

const folder = new URL("../../bench/results/reports/", import.meta.url);

/** One row for each report, by the name of its file. */
export async function reportsTable() {
  const { readReport, summaryOf } = await bundled(
    `export { readReport } from "./bench/report/read-report.ts"; export { summaryOf } from "./bench/report/summary.ts";`,
  );
  const names = (await readdir(folder)).filter((name) => name.endsWith(".json")).sort();
  const rows = [];
  for (const name of names) {
    const report = readReport(await readFile(new URL(name, folder), "utf8"), name);
    const { environment } = report;
    const { checks, products, attention, generation, tuning } = summaryOf(report);
    const where = `[${environment.adapter}](../bench/results/reports/${name})`;
    const when = `${environment.runtime}, ${environment.date.slice(0, 10)}`;
    rows.push([where, when, checks, products, attention, generation, tuning]);
  }
  const heads = ["device", "runtime, day", "checks passed", "products", "attention", "bundled model", "tuner"];
  return table(heads, rows).trimEnd();
}
