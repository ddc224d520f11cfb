// Tries one mistake: on the tests that use its file, in the order that finds most mistakes in the least time, and on
// the race detector.
import { readFileSync } from "node:fs";
import { bundleTests } from "../outside/outside-vitest/bundle.ts";
import type { Baseline } from "./baseline.ts";
import { applyEdits, type Mutant } from "./mutant.ts";
import { orderFor } from "./order.ts";
import { type Dead, type Keeper, startWorker, type Worker } from "./process.ts";
import type { Outcome } from "./records.ts";
import { survivors } from "./survivors.ts";
import type { Measured, Report } from "./worker.ts";

/** The module that runs tests in a process of its own. */
export const workerFile = "test/mutants/worker.ts";

/**
 * Milliseconds computed in green tests after which a mistake has survived: one of which a reason says that it can, and
 * others.
 */
const enough = { explained: 30_000, unexplained: 240_000 };

/** A test that found one mistake in a file is tried first on the next, unless it takes longer than this. */
const quick = 2000;

/** The tests that use a file, in order. */
export interface Tests {
  readonly order: readonly string[];
  /** What the longest of them computes without a mistake, in milliseconds. */
  readonly longest: number;
  /** Those of them that have found a mistake in this file and are quick, the latest first. */
  readonly found: string[];
  readonly isQuick: (test: string) => boolean;
}

/** The tests that use a shader file. */
export function testsFor(file: string, measured: readonly Measured[]): Tests {
  const order = orderFor(file.slice("shaders/".length, -".wgsl".length), measured);
  return { order, ...costsOf(order, measured), found: [] };
}

function costsOf(order: readonly string[], measured: readonly Measured[]) {
  const costs = new Map(measured.map(({ test, milliseconds }) => [test, milliseconds]));
  const longest = order.reduce((most, test) => Math.max(most, costs.get(test) ?? 0), 0);
  return { longest, isQuick: (test: string) => (costs.get(test) ?? 0) < quick };
}

/** Tries a mistake in a shader. */
export async function tryShader(keeper: Keeper, mutant: Mutant, tests: Tests): Promise<Outcome> {
  const start = performance.now();
  const report = await reportOn(keeper, mutant, tests);
  const seconds = (performance.now() - start) / 1000;
  if (report.kind === "baseline" || report.kind === "ready" || report.kind === "alive")
    throw new Error(`${report.kind} is no answer to a mutant`);
  if (report.kind === "red") {
    if (report.worn) keeper.stop();
    if (tests.order.includes(report.test) && tests.isQuick(report.test)) {
      tests.found.splice(0, tests.found.length, report.test, ...tests.found.filter((test) => test !== report.test));
    }
    return { mutant, end: "noticed", message: `${report.test}: ${report.message}`, seconds };
  }
  if (report.kind === "green") {
    const message = report.touched ? greenOf(report) : "no test uses this line as it stands";
    return { mutant, end: "survived", message, seconds };
  }
  // The driver's compiler may break off.
  const invalid = report.kind === "invalid" || /LLVM ERROR/.test(report.message);
  return { mutant, end: invalid ? "invalid" : "noticed", message: report.message, seconds };
}

/** What tests and the race detector say; a barrier that is missing shows in the detector first. */
async function reportOn(keeper: Keeper, mutant: Mutant, { order, longest, found }: Tests): Promise<Report | Dead> {
  const explained = survivors[mutant.id] !== undefined;
  const tests = [...found, ...order.filter((test) => !found.includes(test))];
  const patience = explained ? enough.explained : enough.unexplained;
  const ask = async () => await (await keeper.get()).ask({ kind: "mutant", mutant, tests, enough: patience }, longest);
  const races = async () => await (await keeper.get()).ask({ kind: "races", mutant });
  if (mutant.kind === "barrier") {
    const race = await races();
    if (race.kind === "red") return race;
  }
  const once = await ask();
  // A process that crashes may have crashed of something else, as drivers do: a mistake does it again.
  const first = once.kind === "dead" && !once.hung ? await ask() : once;
  if (first.kind !== "green" || mutant.kind === "barrier") return first;
  const second = await races();
  return second.kind === "red" ? second : first;
}

/** Bundles made so far, so that two that are made at once have a file each. */
let bundles = 0;

/** Tries a mistake in TypeScript, on the test files that it names, in a bundle of its own in `folder`. */
export async function tryTypeScript(folder: string, mutant: Mutant, baseline: Baseline): Promise<Outcome> {
  const start = performance.now();
  const own = `${folder}/worker-${++bundles}.mjs`;
  const files = (mutant.tests ?? []).map((name) => `${name}.test.ts`);
  const measured = await baseline.of(files);
  const replaced = { file: mutant.file, text: applyEdits(readFileSync(mutant.file, "utf8"), mutant.edits) };
  await bundleTests({ outfile: own, worker: workerFile, tests: files, replaced });
  const tests = [...measured].sort((p, q) => p.milliseconds - q.milliseconds).map(({ test }) => test);
  if (tests.length === 0)
    throw new Error(`${mutant.id}: its tests are ${files.join(", ")}, none of which was measured`);
  let worker: Worker | undefined;
  try {
    worker = await startWorker(own);
    const order = { kind: "mutant", mutant, tests, enough: enough.unexplained } as const;
    const report = await worker.ask(order, costsOf(tests, measured).longest);
    const seconds = (performance.now() - start) / 1000;
    if (report.kind === "green") return { mutant, end: "survived", message: greenOf(report), seconds };
    return { mutant, end: "noticed", message: "message" in report ? report.message : "", seconds };
  } catch (error) {
    return { mutant, end: "noticed", message: String(error), seconds: (performance.now() - start) / 1000 };
  } finally {
    worker?.stop();
  }
}

/** How many tests a mistake passed, of all that use its line. */
function greenOf({ tests: count, of }: { readonly tests: number; readonly of: number }): string {
  return `green: ${count} tests${count < of ? `, the cheapest of ${of}` : ""}`;
}
