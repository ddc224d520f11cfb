import { mkdir, writeFile } from "node:fs/promises";
import { openGpu } from "../src/index.ts";
import type { CaseTable } from "../test/support/case-table.ts";
import type { Measurement } from "./harness/measure.ts";
import { runBench } from "./harness/run.ts";
import { formatTable } from "./harness/table.ts";
import { benchTables } from "./tables.ts";

/**
 * `npm run bench -- [op …] [--adapter NAME] [--out FILE]`: checks every case of the named ops (all when none is named),
 * times the right ones, prints a table and writes the rows as JSON.
 */
export async function main(args: readonly string[]): Promise<number> {
  const option = (name: string) => {
    const at = args.indexOf(name);
    return at < 0 ? undefined : args[at + 1];
  };
  const names = args.filter((arg, i) => !arg.startsWith("--") && !args[i - 1]?.startsWith("--"));
  const unknown = names.find((name) => !Object.hasOwn(benchTables, name));
  if (unknown !== undefined) {
    process.stderr.write(`error: no benchmark ${unknown}; there are ${Object.keys(benchTables).join(", ")}\n`);
    return 1;
  }
  const adapter = option("--adapter");
  const gpu = await openGpu(adapter === undefined ? {} : { adapter });
  process.stderr.write(`${gpu.adapter.label}\n`);
  const rows: Measurement[] = [];
  const tables: CaseTable[] = (names.length > 0 ? names : Object.keys(benchTables)).flatMap((name) => {
    const table = benchTables[name];
    return table ? [table] : [];
  });
  for (const table of tables) {
    rows.push(
      ...(await runBench(gpu, table, ({ op, variant, case: shape }) => {
        if (process.stderr.isTTY) process.stderr.write(`  ${op} ${variant} ${shape}\n`);
      })),
    );
  }
  process.stdout.write(`${formatTable(rows)}\n`);
  const out = option("--out");
  if (out !== undefined) {
    await mkdir("bench/results", { recursive: true });
    await writeFile(`bench/results/${out}`, `${JSON.stringify(rows, null, 1)}\n`);
  }
  gpu.close();
  return rows.every(({ verdict }) => verdict === "ok") ? 0 : 1;
}
