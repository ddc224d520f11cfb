// Runs the tests, in two lanes, so that both cores of a small machine are busy: a software adapter compiles a pipeline
// on one core, which is what most tests of kernels do. When a lane has finished one kind of test file, it takes the
// next.
//
// There are two tiers. The first is what `npm test` runs: all tests that open no device, browser or process, and those
// of the others with the tag `first`, which a rule derives from the records (test/support/first-tier.ts). The second is
// all remaining tests; without an option both run.
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
/** The longest first, so that short ones remain at the end. */
const kinds = {
  first: ["kernels", "outside", "unit", "pages", "engine", "models", "alone"],
  rest: ["engine", "kernels", "pages", "outside", "models", "generating", "alone"],
  full: ["engine", "kernels", "pages", "outside", "models", "generating", "unit", "alone"],
};
const lanes = 2;
const vitest = "node_modules/vitest/vitest.mjs";

/** One vitest process for a kind of files. Its output is kept, and shown if something failed. */
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
  // Modules are cached by their text only, without that of the loader of .wgsl files, so none may be older than this
  // run. Built sites are kept by their sources: see test/browser/sources.ts.
  if (tier !== "rest") {
    for (const name of ["modules", "site"]) rmSync(`.cache/tests/${name}`, { recursive: true, force: true });
  }
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

/** One vitest process with the user's options. */
function runGiven() {
  const child = spawn(process.execPath, [vitest, "run", ...others], { stdio: "inherit" });
  return new Promise((resolve) => child.on("close", (code) => resolve(code === 0)));
}

process.exitCode = (given.length > 0 || others.length > 0 ? await runGiven() : await runAll()) ? 0 : 1;
