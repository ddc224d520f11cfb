// The adapters on which tuning was measured: times with the tables' choices, with their own and with another adapter's.
import { readdir, readFile } from "node:fs/promises";

const folder = new URL("../../bench/results/", import.meta.url);
const heads = ["adapter", "program", "untuned", "tuned", "with the other's choices", "tuned / untuned"];

const time = (timing) =>
  timing ? `${timing.medianMs.toFixed(2)} (${timing.p10Ms.toFixed(2)} to ${timing.p90Ms.toFixed(2)})` : "";

/** The table over all results of tuning. */
export async function tuningTable() {
  const names = (await readdir(folder)).filter((name) => /^tuning-.*\.json$/.test(name)).sort();
  const rows = [];
  for (const name of names) {
    const { adapter, compared } = JSON.parse(await readFile(new URL(name, folder), "utf8"));
    for (const { program, times } of compared) {
      const ratio = (times.tuned.medianMs / times.untuned.medianMs).toFixed(2);
      rows.push([adapter, program, time(times.untuned), time(times.tuned), time(times.other), ratio]);
    }
  }
  const line = (cells) => `| ${cells.join(" | ")} |`;
  return `${[line(heads), line(heads.map(() => "---")), ...rows.map(line)].join("\n")}\n`;
}
