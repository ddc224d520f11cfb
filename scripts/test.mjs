// Runs the tests, in two lanes, so that both cores of a small machine are busy: a software adapter compiles a pipeline on
// one core, which is what most tests of kernels do. A lane takes the next kind of test file when it has finished one.
//
// There are two tiers. The first is what `npm test` runs: all tests that open no device, browser or process, and of the
// others those with the tag `first`, which follows by rule from the records (test/support/first-tier.ts). The rest is the
// others; without an option both run.
//   node scripts/test.mjs [--first | --rest]
//   node scripts/test.mjs [vitest's options] FILE…     those files, whole, by a single vitest
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { parseArgs } from "node:util";
import { lineOfCounts, lineOfLeft, readResults, slowest, whatFailed, writeFull } from "./test/results.mjs";

const { values: flags, positionals: given } = parseArgs({
  options: { first: { type: "boolean" }, rest: { type: "boolean" } },
  strict: false,
  allowPositionals: true,
});
const others = process.argv.slice(2).filter((one) => one !== "--first" && one !== "--rest");
const tier = flags.first ? "first" : flags.rest ? "rest" : "full";
/** The longest first: what is left at the end is short. */
const kinds = {
  first: ["kernels", "outside", "unit", "pages", "engine", "models", "alone"],
  rest: ["engine", "kernels", "pages", "outside", "models", "generating", "alone"],
  full: ["engine", "kernels", "pages", "outside", "models", "generating", "unit", "alone"],
};
const lanes = 2;
const vitest = "node_modules/vitest/vitest.mjs";

/** One vitest over a kind of files. What it prints is kept, and shown where something failed. */
async function run(kind) {
  const results = `.cache/tests/${tier}.${kind}.json`;
  rmSync(results, { force: true });
  const filter = { first: ["--tags-filter", "first"], rest: ["--tags-filter", "!first"], full: [] }[tier];
  const options = ["--project", kind, "--passWithNoTests", ...(kind === "unit" ? [] : filter)];
  const reporters = ["--reporter=default", "--reporter=./scripts/test/reporter.mjs"];
  const child = spawn(process.execPath, [vitest, "run", ...options, ...reporters], {
    stdio: ["ignore", "pipe", "inherit"],
    env: {
      ...process.env,
      SHADERFORMER_TIER: tier,
      SHADERFORMER_RESULTS: results,
      SHADERFORMER_SITE: ".cache/tests/site",
    },
  });
  const output = [];
  child.stdout.on("data", (data) => output.push(data));
  const ended = await new Promise((resolve) => child.on("close", (code, signal) => resolve(signal ?? code)));
  const found = readResults(results);
  if (ended !== 0) process.stdout.write(Buffer.concat(output));
  return { kind, ended, results: found };
}

async function runAll() {
  const start = Date.now();
  // A module is known by its text alone, and not by that of the loader of .wgsl files: none is older than this run. The built
  // site may be one of other sources.
  if (tier !== "rest") rmSync(".cache/tests/modules", { recursive: true, force: true });
  rmSync(".cache/tests/site", { recursive: true, force: true });
  const queue = [...kinds[tier]];
  const runs = [];
  async function lane() {
    for (let kind = queue.shift(); kind; kind = queue.shift()) runs.push(await run(kind));
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  const all = runs.flatMap(({ results }) => (results ? [results] : []));
  for (const { kind, ended, results } of runs) {
    if (ended !== 0) console.error(`\n${kind} ended with ${ended}${results ? "" : ", and wrote no results"}`);
  }
  for (const failure of whatFailed(all)) console.error(`\n${failure}`);
  const minutes = (Date.now() - start) / 60_000;
  console.log(`\n${slowest(all, tier === "first" ? 5 : 20)}\n`);
  if (tier === "first") console.log(lineOfLeft(all));
  const good = runs.every(({ ended }) => ended === 0);
  if (tier === "full" && good) writeFull(all);
  console.log(`${minutes.toFixed(1)} minutes`);
  console.log(lineOfCounts(all));
  return good;
}

/** One vitest as the reader asked for it. */
function runGiven() {
  const child = spawn(process.execPath, [vitest, "run", ...others], { stdio: "inherit" });
  return new Promise((resolve) => child.on("close", (code) => resolve(code === 0)));
}

process.exitCode = (given.length > 0 || others.length > 0 ? await runGiven() : await runAll()) ? 0 : 1;
