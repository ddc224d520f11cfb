// Makes mistakes in kernels, one at a time, and expects some test to turn red: mistakes written by hand, seeded
// single-token mistakes in every WGSL file, and every barrier left out. Those that no test notices need a reason in
// survivors.ts, or the run fails. What was found of a file stands in results/files.json and is not tried again until
// the file or its mistakes change (--again tries all; --left tries those again that no test noticed and no reason
// explains); --area and --only (parts of files' names) restrict the run, --minutes is when it begins no other file, and
// --list says what is not tried yet. With --tests (test files) nothing is written.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { bundleTests } from "../outside/outside-vitest/bundle.ts";
import { testFiles } from "../outside/outside-vitest/files.ts";
import { quickestToCompile } from "../support/devices/lavapipe.ts";
import { type Area, areaOf, areas } from "./areas.ts";
import { openBaseline } from "./baseline.ts";
import { mistakes } from "./mistakes/all.ts";
import { type Mutant, mutantOf } from "./mutant.ts";
import { Keeper, startWorker } from "./process.ts";
import { hashOf, joinedRecord, type Outcome, readRecords, recordOf, writeRecords } from "./records.ts";
import { formatResults, formatStale, perFile } from "./results.ts";
import { survivors } from "./survivors.ts";
import { barrierMutants, tokenMutants } from "./tokens.ts";
import { type Tests, testsFor, tryShader, tryTypeScript, workerFile } from "./trying.ts";

Object.assign(process.env, quickestToCompile()); // for the workers: a mistake's pipelines run once

const folder = ".cache/mutants";

const { values: flags } = parseArgs({
  options: {
    area: { type: "string", default: "" },
    only: { type: "string", default: "" },
    tests: { type: "string", default: "" },
    jobs: { type: "string", default: "2" },
    minutes: { type: "string", default: "Infinity" },
    again: { type: "boolean", default: false },
    left: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
    verbose: { type: "boolean", default: false },
    seed: { type: "string", default: "1" },
  },
});

const started = performance.now();
const text = (file: string) => readFileSync(file, "utf8");
const seed = Number(flags.seed);
/** No op runs the kernels of ladders: test/wgsl/study/ladders.test.ts tries the mistakes that their records plant. */
const shaders = readdirSync("shaders", { recursive: true, encoding: "utf8" })
  .filter((name) => name.endsWith(".wgsl"))
  .map((name) => `shaders/${name.replaceAll("\\", "/")}`)
  .filter((name) => !name.startsWith("shaders/ladders/"))
  .sort();
const files = [...new Set([...shaders, ...mistakes.map(({ file }) => file)])];
const hashes = new Map(files.map((file) => [file, hashOf(file, text(file), mistakesIn(file), seed)]));
const records = new Map(Object.entries(readRecords()).filter(([file]) => hashes.has(file)));
const outcomes: Outcome[] = [];
const wantedAreas = flags.area === "" ? areas : flags.area.split(",").map((name) => areaNamed(name));

if (flags.list) {
  const stale = wantedAreas.flatMap((area) => wantedOf(area).map((file) => ({ area, file, ...mutantsOf(file) })));
  console.log(formatStale(stale, records));
} else {
  await tryAreas();
}

function mistakesIn(file: string) {
  return mistakes.filter((mistake) => mistake.file === file);
}

function areaNamed(name: string): Area {
  const found = areas.find((area) => area === name);
  if (!found) throw new Error(`there is no area ${name}; there are ${areas.join(", ")}`);
  return found;
}

/** Ids of the mistakes in a file that no test noticed and that no reason explains. */
function leftIn(file: string): string[] {
  return Object.keys(records.get(file)?.left ?? {}).filter((id) => survivors[id] === undefined);
}

/** The files of an area that the flags ask for and of which there is no record. */
function wantedOf(area: Area): string[] {
  const isKnown = (file: string) => records.get(file)?.hash === hashes.get(file);
  const isWanted = (file: string) =>
    flags.left ? isKnown(file) && leftIn(file).length > 0 : flags.again || !isKnown(file);
  const named = flags.only.split(",");
  return files.filter((file) => areaOf(file) === area && named.some((part) => file.includes(part)) && isWanted(file));
}

/** The mistakes in a file: all of those in `must`, and of `may` the first that compile. */
function mutantsOf(file: string): { readonly must: readonly Mutant[]; readonly may: readonly Mutant[] } {
  const byHand = mistakesIn(file).map((mistake) => mutantOf(text(file), mistake));
  if (!file.endsWith(".wgsl")) return { must: byHand, may: [] };
  return { must: [...byHand, ...barrierMutants(file, text(file))], may: tokenMutants(file, text(file), seed) };
}

async function tryAreas(): Promise<void> {
  mkdirSync(folder, { recursive: true });
  /** Tests that mistakes outside shaders name, and that are of neither kernels nor blocks. */
  const named = mistakes.flatMap(({ tests = [] }) => tests.map((name) => `${name}.test.ts`));
  const tests = [...new Set([...testFiles, ...named])].filter((file) => file.includes(flags.tests));
  const bundle = `${folder}/worker.mjs`;
  const metafile = await bundleTests({ outfile: bundle, worker: workerFile, tests });
  const baseline = openBaseline(bundle, metafile, tests, `${folder}/baseline.json`);
  const { adapter, stop } = await startWorker(bundle);
  stop();

  /** Tries all mistakes in a file, or with --left those that are left. */
  const tryFile = async (file: string, keeper: Keeper): Promise<Outcome[]> => {
    const found: Outcome[] = [];
    const keep = (outcome: Outcome) => {
      found.push(outcome);
      sayHow(outcome);
    };
    const { must, may } = mutantsOf(file);
    if (!file.endsWith(".wgsl")) {
      for (const mutant of must) keep(await tryTypeScript(folder, mutant, baseline));
      return found;
    }
    const able = baseline.using(file);
    /** The tests of the nearest test files, and of more: a mistake that some notice is done with. */
    const levels = [1, 2, 4, able.length].map((count) => {
      let tests: Promise<Tests> | undefined;
      return () => {
        tests ??= baseline.of(able.slice(0, count)).then((measured) => testsFor(file, measured));
        return tests;
      };
    });
    const attempt = async (mutant: Mutant): Promise<Outcome> => {
      let outcome: Outcome | undefined;
      let tried = 0;
      for (const [i, level] of levels.entries()) {
        if (i > 1 && survivors[mutant.id]) break; // what a reason explains needs no more
        const tests = await level();
        if (tests.order.length === tried && outcome) continue;
        tried = tests.order.length;
        outcome = await tryShader(keeper, mutant, tests);
        if (outcome.end !== "survived") break;
      }
      if (!outcome) throw new Error(`${mutant.id} was not tried`);
      return outcome;
    };
    if (flags.left) {
      const left = leftIn(file);
      for (const mutant of [...must, ...may]) if (left.includes(mutant.id)) keep(await attempt(mutant));
      return found;
    }
    for (const mutant of must) keep(await attempt(mutant));
    let valid = 0;
    for (const mutant of may) {
      if (valid === perFile) break;
      const outcome = await attempt(mutant);
      if (outcome.end === "invalid") continue; // the next one takes its place
      valid++;
      keep(outcome);
    }
    return found;
  };

  for (const area of wantedAreas) {
    const wanted = wantedOf(area);
    const total = wanted.length;
    await inParallel(async () => {
      const keeper = new Keeper(bundle);
      for (let file = wanted.shift(); file && !isLate(); file = wanted.shift()) {
        const found = await tryFile(file, keeper);
        outcomes.push(...found);
        const before = flags.left ? records.get(file) : undefined;
        if (flags.tests === "") {
          records.set(file, before ? joinedRecord(before, found) : recordOf(hashes.get(file) ?? "", found));
          writeRecords(Object.fromEntries(records));
        }
        console.log(`${area}: ${total - wanted.length} of ${total} files begun or done, ${minutes()}`);
      }
      keeper.stop();
    });
    if (flags.tests !== "") continue;
    const own = Object.fromEntries([...records].filter(([file]) => areaOf(file) === area));
    writeFileSync(`test/mutants/results/${area}.md`, formatResults(area, own, { adapter, seed }));
  }
  finish();
}

/** As many at a time as there are jobs. */
async function inParallel(work: () => Promise<void>): Promise<void> {
  await Promise.all(Array.from({ length: Number(flags.jobs) }, work));
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

function isLate(): boolean {
  return performance.now() - started > 60_000 * Number(flags.minutes);
}

function minutes(): string {
  return `${((performance.now() - started) / 60_000).toFixed(1)} min`;
}
