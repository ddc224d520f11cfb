// Runs in Deno, bundled with the test files of kernels: reads the texts of all cases that these have, runs models, and
// a case of each op, and tests of the interpreter; or, called with "all", every case and all tests that the files
// declare themselves.
import { type Case, missingFeatures } from "../../../src/check/case-table.ts";
import { checkCase } from "../../../src/check/check-case.ts";
import { firstCases } from "../../../src/check/first-cases.ts";
import { openGpu } from "../../../src/gpu/device/open.ts";
import { tune } from "../../../src/kernels/tuning.ts";
import { sizeOf } from "../../../src/tensor/shape.ts";
import { quick } from "../../support/devices/gpu.ts";
import { firstOfEach } from "../../support/first-tier.ts";
import { beginFile, collected, skipped, skippedItself } from "../outside-vitest/collect.ts";
import { beginDevices, devices } from "../outside-vitest/devices.ts";
import { embedSentences, encodeGolden } from "./encoders.ts";
import { encodersOf, sequencesOf } from "./families.ts";
import { interpreterFiles, nagaFailsAt } from "./interpreter.ts";
import { say } from "./report.ts";
import { generateGoldenSequences } from "./sequences.ts";
import { compileAll } from "./specialised.ts";
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

/** Numbers of a case's inputs, together. */
const numbersOf = ({ inputs }: Case) =>
  Object.values(inputs).reduce((sum, input) => sum + (input ? sizeOf(input.shape) : 0), 0);

/** From so many on they are more than single elements. */
const several = 16;

/**
 * All cases; or of each op the smallest of the first tier that has more than single elements, since tests of the
 * interpreter run every kernel, on devices whose choices compile quickly.
 */
async function runCases(all: boolean): Promise<void> {
  if (!all) for (const gpu of devices) tune(gpu, quick);
  const found = tables.flatMap(({ gpu, table }) => {
    const firsts = firstCases(table);
    return table.variants.flatMap((variant) => {
      const missing = missingFeatures(table, variant, gpu());
      if (missing.length > 0)
        say({ kind: "not available", name: `${table.op} ${variant}`, why: `needs ${missing.join(", ")}` });
      const some = missing.length > 0 ? [] : [...(firsts.get(variant) ?? [])];
      return (all ? table.cases : some).map((item) => ({ gpu, table, variant, item, numbers: numbersOf(item) }));
    });
  });
  const rank = (numbers: number) => (numbers < several ? Number.MAX_SAFE_INTEGER : numbers);
  const bySize = found.toSorted((a, b) => rank(a.numbers) - rank(b.numbers));
  const isSmallest = firstOfEach(bySize, ({ table }) => table.op);
  for (const one of found.filter((each) => all || isSmallest(each))) {
    const { gpu, table, variant, item } = one;
    await attempt(`${table.op} ${variant}: ${item.name}`, () => checkCase(gpu(), table, variant, item));
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
  await encodeGolden(gpu, encodersOf(all), all);
  await embedSentences(gpu);
  await encodeGolden(bare, encodersOf(all).slice(0, 1), all);
  await generateGoldenSequences(gpu, sequencesOf(all));
  if (all) await generateGoldenSequences(bare, sequencesOf(all).slice(0, 1));
  await runCases(all);
  await runCollected(all);
  process.exit();
}
