// Runs the tests in two lanes, so that both cores of a small machine are busy: a software adapter compiles a pipeline on
// one core, which is what most tests of kernels do. A third lane made pages wait longer than it gained. A lane takes the
// next project of vitest.config.ts when it has finished one. With names of files or folders, or options that choose
// tests, a single vitest runs those.
//   node scripts/test.mjs [vitest's options] [FILE…]
import { spawn } from "node:child_process";

const given = process.argv.slice(2);
const reporting = /^--(reporter|outputFile)/;
const isAll = given.every((option) => reporting.test(option));
/** The longest first: what is left at the end is short. A vitest of its own would cost `alone` more than its tests. */
const queue = isAll ? [["browsers"], ["generating"], ["kernels"], ["models"], ["outside", "alone"], ["engine"]] : [[]];
const lanes = 2;

/** One vitest over some projects; its output is shown as it comes, or kept until it ends. JSON goes to a file for each. */
function run(names, keep) {
  const [name] = names;
  const options = given.map((option) =>
    name ? option.replace(/^(--outputFile\.json=.*)\.json$/, `$1.${name}.json`) : option,
  );
  const child = spawn("npx", ["vitest", "run", ...names.flatMap((one) => ["--project", one]), ...options], {
    stdio: ["inherit", keep ? "pipe" : "inherit", keep ? "pipe" : "inherit"],
    env: { ...process.env, ...(keep && process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
  });
  const kept = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => kept.push(data));
  return new Promise((resolve) => {
    child.on("close", (code, signal) => {
      const output = Buffer.concat(kept);
      process.stdout.write(output);
      resolve({ names, ended: signal ?? code ?? 1, output: output.toString() });
    });
  });
}

const runs = [];
async function lane() {
  for (let names = queue.shift(); names; names = queue.shift()) runs.push(await run(names, isAll));
}
await Promise.all(Array.from({ length: lanes }, lane));

const bad = runs.filter(({ ended }) => ended !== 0);
if (isAll) {
  // Said again at the end, since several minutes of output stand between: an error outside every test fails a run too,
  // though no test of it failed.
  for (const { names, ended, output } of bad) {
    const errors = output.match(/^.*Unhandled Errors?[\s\S]{0,4000}/m)?.[0] ?? "no error outside the tests was printed";
    console.error(`\n${names.join(" and ")} ended with ${ended}: ${errors}`);
  }
}
process.exitCode = bad.length > 0 ? 1 : 0;
