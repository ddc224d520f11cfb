// Runs in Deno, bundled with the test files of kernels: reads the texts of all cases that these have, runs models, and
// a share of the cases, and tests of the interpreter; or, called with "all", every case and all tests that the files
// declare themselves.
import { type Case, type CaseTable, missingFeatures } from "../../../src/check/case-table.ts";
import { checkCase } from "../../../src/check/check-case.ts";
import { openGpu } from "../../../src/gpu/device/open.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { tune } from "../../../src/kernels/tuning.ts";
import { quick } from "../../support/devices/gpu.ts";
import { firstCases } from "../../support/first-tier.ts";
import { beginFile, collected, skipped, skippedItself } from "../outside-vitest/collect.ts";
import { beginDevices, devices } from "../outside-vitest/devices.ts";
import { embedSentences, encodeGolden } from "./encoders.ts";
import { encodersOf, sequencesOf } from "./families.ts";
import { interpreterFiles, nagaFailsAt } from "./interpreter.ts";
import { say } from "./report.ts";
import { generateGoldenSequences } from "./sequences.ts";
import { compileAll, shadersOf } from "./specialised.ts";
import { tables } from "./tables.ts";

async function attempt(name: string, body: () => unknown): Promise<void> {
  try {
    await body();
    say({ kind: "test", name });
  } catch (error) {
    if (error instanceof Error && error.name === skippedItself) {
      say({ kind: "not available", name, why: error.message });
    } else say({ kind: "test", name, error: error instanceof Error ? (error.stack ?? error.message) : String(error) });
  }
}

const byTurns = <T>(items: readonly T[], turn: number): T[] => items.filter((_, i) => i === turn % items.length);

/**
 * All cases; or for each variant of an op one of those that the first tier runs, the op's tables by turns, unless the
 * kernels of it have run, on devices whose choices compile quickly.
 */
async function runCases(all: boolean): Promise<void> {
  if (!all) for (const gpu of devices) tune(gpu, quick);
  const used = tables.flatMap(({ gpu, table }) => {
    const firsts = firstCases(table);
    return table.variants.map((variant) => {
      const taken = [...(firsts.get(variant) ?? [])];
      const missing = missingFeatures(table, variant, gpu());
      return { gpu, table, variant, missing, taken, runs: taken.length > 0 && missing.length === 0 };
    });
  });
  const ran = new Set<string>();
  const isNew = (gpu: Gpu, table: CaseTable, variant: string, item: Case) => {
    const before = ran.size;
    for (const { name } of shadersOf(gpu, table, variant, item)) ran.add(name);
    return ran.size > before;
  };
  // "attention layouts" are other cases of attention.
  const ofOps = Map.groupBy(used, ({ table, variant }) => `${table.op.replace(/ layouts$/, "")} ${variant}`);
  for (const [turn, group] of [...ofOps.values()].entries()) {
    for (const { table, variant, missing } of group) {
      const name = `${table.op} ${variant}`;
      if (missing.length > 0) say({ kind: "not available", name, why: `needs ${missing.join(", ")}` });
    }
    const chosen = byTurns(
      group.filter(({ runs }) => runs),
      turn,
    );
    for (const { gpu, table, variant, taken } of all ? group : chosen) {
      for (const item of all ? table.cases : byTurns(taken, turn).filter((one) => isNew(gpu(), table, variant, one)))
        await attempt(`${table.op} ${variant}: ${item.name}`, () => checkCase(gpu(), table, variant, item));
    }
  }
}

/** Tests that files declare themselves, or those of the interpreter; what one leaves allocated is freed after it. */
async function runCollected(all: boolean): Promise<void> {
  const isOfInterpreter = (id: string) => interpreterFiles.some((file) => id.startsWith(file));
  for (const { id, run } of collected.filter((test) => all || isOfInterpreter(test.id))) {
    const why = nagaFailsAt(id);
    if (why !== undefined) {
      say({ kind: "not available", name: id, why });
      continue;
    }
    const scopes = devices.map((gpu) => gpu.scope());
    await attempt(id, run);
    for (const scope of scopes.reverse()) {
      try {
        scope[Symbol.dispose]();
      } catch {} // a failed test may have left its scope open
    }
    await Promise.all(devices.map((gpu) => gpu.flush().catch(() => undefined)));
  }
  for (const name of all ? skipped : []) say({ kind: "not available", name, why: "its file skips it on this device" });
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
  const [gpu, bare] = [await openGpu(), await openGpu({ features: [] })];
  for (const device of [gpu, bare]) tune(device, quick);
  await encodeGolden(gpu, encodersOf(all));
  await embedSentences(gpu);
  await encodeGolden(bare, encodersOf(all).slice(0, 1));
  await generateGoldenSequences(gpu, sequencesOf(all));
  if (all) await generateGoldenSequences(bare, sequencesOf(all).slice(0, 1));
  await runCases(all);
  await runCollected(all);
  process.exit();
}
