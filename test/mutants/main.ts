// Makes mistakes in kernels, one at a time, and expects some test to turn red: mistakes written by hand, seeded
// single-token mistakes in every WGSL file, and every barrier left out. Those that no test notices need a reason in
// survivors.ts, or the run fails. What was found of a file stands in results/files.json and is not tried again until the
// file or its mistakes change (--again tries all); --area and --only (part of a file's name) restrict the run. With
// --tests (test files) nothing is written.
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundleTests } from "../outside-vitest/bundle.ts";
import { testFiles } from "../outside-vitest/files.ts";
import { quickToCompile } from "../support/lavapipe.ts";
import { type Area, areaOf, areas } from "./areas.ts";
import { mistakes } from "./mistakes/all.ts";
import { applyEdits, type Mutant, mutantOf } from "./mutant.ts";
import { orderFor } from "./order.ts";
import { Keeper, startWorker, type Worker } from "./process.ts";
import { hashOf, type Outcome, readRecords, recordOf, writeRecords } from "./records.ts";
import { formatResults } from "./results.ts";
import { survivors } from "./survivors.ts";
import { barrierMutants, tokenMutants } from "./tokens.ts";
import type { Measured } from "./worker.ts";

Object.assign(process.env, quickToCompile()); // for the workers: a mistake's pipelines run once

const folder = ".cache/mutants";
const perFile = 5;

/** Milliseconds of green tests after which a mistake has survived: one of which a reason says that it can, and others. */
const enough = { explained: 30_000, unexplained: 240_000 };
const { values: flags } = parseArgs({
  options: {
    area: { type: "string", default: "" },
    only: { type: "string", default: "" },
    tests: { type: "string", default: "" },
    jobs: { type: "string", default: "2" },
    again: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
  },
});

const started = performance.now();
const text = (file: string) => readFileSync(file, "utf8");
mkdirSync(folder, { recursive: true });
/** Tests that mistakes outside shaders name, and that are of neither kernels nor blocks. */
const named = mistakes.flatMap(({ tests = [] }) => tests.map((name) => `${name}.test.ts`));
const wantedTests = [...new Set([...testFiles, ...named])].filter((file) => file.includes(flags.tests));
const shaders = readdirSync("shaders", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".wgsl"))
  .map((name) => `shaders/${name}`)
  .sort();
const bundle = `${folder}/worker.mjs`;
const workerFile = "test/mutants/worker.ts";
await bundleTests({ outfile: bundle, worker: workerFile, tests: wantedTests });

/** The file that a test is in. */
const fileOf = (test: string) => test.slice(0, test.indexOf(" > "));

const { adapter, tests } = await knownBaseline();
const testsOf = (file: string) => orderFor(file.slice("shaders/".length, -".wgsl".length), tests);

const seed = Number(flags.seed);
const files = [...new Set([...shaders, ...mistakes.map(({ file }) => file)])];
const hashes = new Map(files.map((file) => [file, hashOf(file, text(file), mistakesIn(file), seed)]));
const records = new Map(Object.entries(readRecords()).filter(([file]) => hashes.has(file)));
const outcomes: Outcome[] = [];
const wantedAreas = flags.area === "" ? areas : flags.area.split(",").map((name) => areaNamed(name));
for (const area of wantedAreas) await tryArea(area);
finish();

function mistakesIn(file: string) {
  return mistakes.filter((mistake) => mistake.file === file);
}

function areaNamed(name: string): Area {
  const found = areas.find((area) => area === name);
  if (!found) throw new Error(`there is no area ${name}; there are ${areas.join(", ")}`);
  return found;
}

/** Tries the mistakes in the files of an area of which there is no record, and writes what was found, file by file. */
async function tryArea(area: Area): Promise<void> {
  const isKnown = (file: string) => !flags.again && records.get(file)?.hash === hashes.get(file);
  const wanted = files.filter((file) => areaOf(file) === area && file.includes(flags.only) && !isKnown(file));
  const total = wanted.length;
  await inParallel(async () => {
    const keeper = new Keeper(bundle);
    for (let file = wanted.shift(); file; file = wanted.shift()) {
      const found = await tryFile(file, keeper);
      outcomes.push(...found);
      if (flags.tests === "") {
        records.set(file, recordOf(hashes.get(file) ?? "", found));
        writeRecords(Object.fromEntries(records));
      }
      console.log(`${area}: ${total - wanted.length} of ${total} files begun or done, ${minutes()}`);
    }
    keeper.stop();
  });
  if (flags.tests !== "") return;
  const own = Object.fromEntries([...records].filter(([file]) => areaOf(file) === area));
  const results = formatResults(area, own, { adapter, tests: tests.length, seed });
  writeFileSync(`test/mutants/results/${area}.md`, results);
}

/** Tries all mistakes in a file. */
async function tryFile(file: string, keeper: Keeper): Promise<Outcome[]> {
  const found: Outcome[] = [];
  const keep = (outcome: Outcome) => {
    found.push(outcome);
    sayHow(outcome);
  };
  const byHand = mistakesIn(file).map((mistake) => mutantOf(text(file), mistake));
  if (!file.endsWith(".wgsl")) {
    for (const mutant of byHand) keep(await tryTypeScript(mutant));
    return found;
  }
  const order = testsOf(file);
  for (const mutant of [...byHand, ...barrierMutants(file, text(file))]) keep(await tryOn(keeper, mutant, order));
  let valid = 0;
  for (const mutant of tokenMutants(file, text(file), seed)) {
    if (valid === perFile) break;
    const outcome = await tryOn(keeper, mutant, order);
    if (outcome.end === "invalid") continue; // the next one takes its place
    valid++;
    keep(outcome);
  }
  if (order.length === 0) console.log(`${file}: no test in test/kernels or test/blocks uses it`);
  return found;
}

/** The baseline, measured anew where any code or test has changed. */
async function knownBaseline(): ReturnType<typeof baseline> {
  const file = `${folder}/baseline.json`;
  const key = createHash("sha256").update(readFileSync(bundle)).digest("hex");
  const known = existsSync(file) ? JSON.parse(text(file)) : {};
  if (known.key === key) return known.found;
  const found = await baseline();
  writeFileSync(file, JSON.stringify({ key, found }));
  return found;
}

/** All tests without any mistake, a process for each file: one process for all of them is more than a driver bears. */
async function baseline(): Promise<{ adapter: string; tests: readonly Measured[] }> {
  const left = [...wantedTests];
  const measured: Measured[] = [];
  let label = "";
  await inParallel(async () => {
    for (let file = left.shift(); file; file = left.shift()) {
      const worker = await startWorker(bundle);
      const report = await worker.ask({ kind: "baseline", file });
      worker.stop();
      if (report.kind !== "baseline")
        throw new Error(`${file} does not run: ${"message" in report ? report.message : ""}`);
      label = report.adapter;
      measured.push(...report.tests);
    }
  });
  measured.sort((p, q) => wantedTests.indexOf(fileOf(p.test)) - wantedTests.indexOf(fileOf(q.test)));
  const red = measured.filter(({ error }) => error !== undefined);
  for (const { test, error } of red) console.log(`red without any mistake: ${test}: ${error}`);
  if (red.length > 0) process.exitCode = 1;
  console.log(`${label}: ${measured.length} tests, ${minutes()}`);
  return { adapter: label, tests: measured.filter(({ error }) => error === undefined) };
}

/** As many at a time as there are jobs. */
async function inParallel(work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: Number(flags.jobs) }, work));
}

async function tryOn(keeper: Keeper, mutant: Mutant, order: readonly string[]): Promise<Outcome> {
  const start = performance.now();
  const patience = survivors[mutant.id] ? enough.explained : enough.unexplained;
  const ask = async () => await (await keeper.get()).ask({ kind: "mutant", mutant, tests: order, enough: patience });
  const once = await ask();
  // A process that crashes may have crashed of something else, as drivers do: a mistake does it again.
  const first = once.kind === "dead" && !once.hung ? await ask() : once;
  const second = first.kind === "green" ? await (await keeper.get()).ask({ kind: "races", mutant }) : first;
  const report = second.kind === "red" ? second : first;
  const seconds = (performance.now() - start) / 1000;
  if (report.kind === "baseline") throw new Error("no order was given for a baseline");
  if (report.kind === "red" && report.worn) keeper.stop();
  if (report.kind === "green") {
    const message = report.touched ? greenOf(report) : "no test uses this line as it stands";
    return { mutant, end: "survived", message, seconds };
  }
  if (report.kind === "dead" && /LLVM ERROR/.test(report.message)) {
    return { mutant, end: "invalid", message: report.message, seconds }; // the driver's compiler broke off
  }
  if (report.kind === "invalid") return { mutant, end: "invalid", message: report.message, seconds };
  const by = report.kind === "red" ? `${report.test}: ` : "";
  return { mutant, end: "noticed", message: `${by}${report.message}`, seconds };
}

/** Bundles made so far, so that two that are made at once have a file each. */
let bundles = 0;

async function tryTypeScript(mutant: Mutant): Promise<Outcome> {
  const start = performance.now();
  const own = `${folder}/worker-${++bundles}.mjs`;
  const files = (mutant.tests ?? []).map((name) => `${name}.test.ts`);
  const replaced = { file: mutant.file, text: applyEdits(text(mutant.file), mutant.edits) };
  await bundleTests({ outfile: own, worker: workerFile, tests: files, replaced });
  const order = tests.filter(({ test }) => files.some((file) => test.startsWith(`${file} > `)));
  const ids = [...order].sort((p, q) => p.milliseconds - q.milliseconds).map(({ test }) => test);
  if (ids.length === 0) throw new Error(`${mutant.id}: its tests are ${files.join(", ")}, none of which was measured`);
  let worker: Worker | undefined;
  try {
    worker = await startWorker(own);
    const report = await worker.ask({ kind: "mutant", mutant, tests: ids, enough: enough.unexplained });
    const seconds = (performance.now() - start) / 1000;
    if (report.kind === "green") return { mutant, end: "survived", message: greenOf(report), seconds };
    return { mutant, end: "noticed", message: "message" in report ? report.message : "", seconds };
  } catch (error) {
    // A test file that throws while it is loaded has noticed too.
    return { mutant, end: "noticed", message: String(error), seconds: (performance.now() - start) / 1000 };
  } finally {
    worker?.stop();
  }
}

/** How many tests a mistake passed, of all that use its line. */
function greenOf({ tests: count, of }: { readonly tests: number; readonly of: number }): string {
  return `green: ${count} tests${count < of ? `, the cheapest of ${of}` : ""}`;
}

function sayHow(outcome: Outcome): void {
  const { mutant, end, message, seconds } = outcome;
  if (flags.verbose) console.log(`${end} in ${seconds.toFixed(1)} s: ${mutant.id} (${message})`);
  if (end === "noticed") return;
  const reason = survivors[mutant.id];
  console.log(
    `${end} (${reason ? "explained" : "NO REASON GIVEN"}, ${seconds.toFixed(0)} s): ${mutant.id} (${message})`,
  );
}

function finish(): void {
  const invalid = outcomes.filter(({ end }) => end === "invalid");
  const unexplained = outcomes.filter(({ mutant, end }) => end === "survived" && !survivors[mutant.id]);
  const noticed = new Set(outcomes.filter(({ end }) => end === "noticed").map(({ mutant }) => mutant.id));
  for (const id of Object.keys(survivors)) if (noticed.has(id)) console.log(`noticed after all: ${id}`);
  const count = (end: Outcome["end"]) => outcomes.filter((outcome) => outcome.end === end).length;
  console.log(
    `${outcomes.length} mistakes: ${count("noticed")} noticed, ${count("survived")} survived ` +
      `(${unexplained.length} without a reason), ${invalid.length} do not compile, ${minutes()}`,
  );
  if (unexplained.length + invalid.length > 0) process.exitCode = 1;
}

function minutes(): string {
  return `${((performance.now() - started) / 60_000).toFixed(1)} min`;
}
