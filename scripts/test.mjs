// Runs the tests in two lanes, so that both cores of a small machine are busy: a software adapter compiles a pipeline on
// one core, which is what most tests of kernels do. A third lane made pages wait longer than it gained. A lane takes the
// next project of vitest.config.ts when it has finished one. With names of files or folders, or options that choose
// tests, a single vitest runs those.
//
// Two lanes slow each other, and a test of time or of a browser can fail by that alone. So a file that failed, where
// there are few, runs a second time on the quiet machine; that, and what failed at first, stands at the end.
//   node scripts/test.mjs [vitest's options] [FILE…]
import { spawn } from "node:child_process";
import { rmSync } from "node:fs";
import { failedFiles, readResults, replaceFiles } from "./test/results.mjs";

const given = process.argv.slice(2);
/** The longest first: what is left at the end is short. A vitest of its own would cost `alone` more than its tests. */
const projects = [["browsers"], ["generating"], ["kernels"], ["models"], ["outside", "alone"], ["engine"]];
const lanes = 2;
/** With more files than this, it was not by chance. */
const mostAgain = 3;

const resultsOf = ([name]) => `.cache/test-results.${name}.json`;

/** One vitest; its output is kept until it ends, so that those of two lanes do not mix. */
function vitest(options, keep) {
  const child = spawn("npx", ["vitest", "run", ...options], {
    stdio: ["inherit", keep ? "pipe" : "inherit", keep ? "pipe" : "inherit"],
    env: { ...process.env, ...(keep && process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
  });
  const kept = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => kept.push(data));
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      const output = Buffer.concat(kept);
      process.stdout.write(output);
      resolve({ ended: signal ?? code ?? 1, output: output.toString() });
    });
  });
}

/** One vitest over some projects, or some of their files; its results go to a file. */
async function run(names, results, files = []) {
  rmSync(results, { force: true });
  const reporters = ["--reporter=default", "--reporter=json", `--outputFile.json=${results}`];
  const options = [...names.flatMap((name) => ["--project", name]), ...reporters, ...files];
  return { names, ...(await vitest(options, true)) };
}

/** Where vitest says what failed: tests, the set-up of files (of which its JSON says nothing), errors outside of both. */
const whatFailed = ({ output }) =>
  output.match(/^.*(Failed Suites|Failed Tests|Unhandled Error)[\s\S]{0,4000}/m)?.[0] ?? "it printed no error";

/** Runs the files of a project that failed again. True where they are the whole of what failed, and pass now. */
async function again(first) {
  const { names } = first;
  if (/Unhandled Error/.test(first.output)) return false; // no file's alone
  const results = readResults(resultsOf(names));
  const files = results ? failedFiles(results) : [];
  if (files.length === 0 || files.length > mostAgain) return false;
  console.log(`\n${names.join(" and ")}, once more, alone: ${files.join(", ")}`);
  const second = `.cache/test-again.${names[0]}.json`;
  const { ended } = await run(names, second, files);
  const repeated = readResults(second);
  if (!repeated) return false;
  replaceFiles(resultsOf(names), repeated);
  if (ended === 0) console.log(`\nThis failed beside other tests, and passed alone:\n${whatFailed(first)}`);
  return ended === 0;
}

async function runAll() {
  const queue = [...projects];
  const runs = [];
  async function lane() {
    for (let names = queue.shift(); names; names = queue.shift()) runs.push(await run(names, resultsOf(names)));
  }
  await Promise.all(Array.from({ length: lanes }, lane));
  const bad = [];
  for (const one of runs) if (one.ended !== 0 && !(await again(one))) bad.push(one);
  // Said again at the end, since several minutes of output stand between.
  for (const one of bad) console.error(`\n${one.names.join(" and ")} ended with ${one.ended}: ${whatFailed(one)}`);
  return bad.length === 0;
}

process.exitCode = (given.length === 0 ? await runAll() : (await vitest(given, false)).ended === 0) ? 0 : 1;
