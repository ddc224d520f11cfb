// Runs in Deno, bundled with the test files of kernels: compiles texts of all cases that these have,
// generates the model's golden text, and runs a share of the cases; or, called with "all", every case and the tests that
// the files declare themselves.
import { type Case, missingFeatures } from "../../src/check/case-table.ts";
import { checkCase } from "../../src/check/check-case.ts";
import { openGpu } from "../../src/gpu/open.ts";
import { beginFile, collected, skipped } from "../outside-vitest/collect.ts";
import { beginDevices, devices } from "../outside-vitest/devices.ts";
import { encodeGolden } from "./encoders.ts";
import { encodersOf, sequencesOf } from "./families.ts";
import { generateGolden } from "./model.ts";
import { say } from "./report.ts";
import { generateGoldenSequences } from "./sequences.ts";
import { compileAll } from "./specialised.ts";
import { tables } from "./tables.ts";

/** One case in so many runs on a variant. */
const step = 50;

async function attempt(name: string, body: () => unknown): Promise<void> {
  try {
    await body();
    say({ kind: "test", name });
  } catch (error) {
    say({ kind: "test", name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

/** Cases that a variant takes, one in `step` of them from `first` on, and one at least. */
function shareOf(cases: readonly Case[], variant: string, first: number): Case[] {
  const taken = cases.filter(({ refusedBy }) => !refusedBy?.includes(variant));
  const period = Math.min(step, taken.length);
  return taken.filter((_, i) => i % period === first % period);
}

async function runCases(all: boolean): Promise<void> {
  let pairs = 0;
  for (const { gpu, table } of tables) {
    for (const variant of table.variants) {
      const name = `${table.op} ${variant}`;
      const missing = missingFeatures(table, variant, gpu());
      if (missing.length > 0) say({ kind: "not available", name, why: `needs ${missing.join(", ")}` });
      // Neighbouring variants run different cases.
      const cases = all ? table.cases : shareOf(table.cases, variant, pairs++);
      for (const item of cases) await attempt(`${name}: ${item.name}`, () => checkCase(gpu(), table, variant, item));
    }
  }
}

/** Tests that files declare themselves; what one leaves allocated is freed after it. */
async function runCollected(): Promise<void> {
  for (const { id, run } of collected) {
    const scopes = devices.map((gpu) => gpu.scope());
    await attempt(id, run);
    for (const scope of scopes.reverse()) {
      try {
        scope[Symbol.dispose]();
      } catch {} // a failed test may have left its scope open
    }
    await Promise.all(devices.map((gpu) => gpu.flush().catch(() => undefined)));
  }
  for (const name of skipped) say({ kind: "not available", name, why: "its file skips it on this device" });
}

/** Imports the test files and does what the arguments say. */
export async function work(files: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
  const all = process.argv.includes("all");
  try {
    (await openGpu()).close();
  } catch (error) {
    say({ kind: "no adapter", why: String(error) });
    process.exit();
  }
  for (const [name, load] of Object.entries(files)) {
    beginFile(name);
    beginDevices();
    await load();
  }
  await compileAll(tables, all);
  await generateGolden();
  await encodeGolden(encodersOf(all));
  await generateGoldenSequences(sequencesOf(all));
  await runCases(all);
  if (all) await runCollected();
  process.exit();
}
