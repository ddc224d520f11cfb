// Runs the tests: those that work in other processes (browsers, command lines, packages) beside those that have one fork
// with the device. With names of files or folders, or options that choose tests, one vitest runs what they say.
//   node scripts/test.mjs [vitest's options] [FILE…]
import { spawn } from "node:child_process";

const given = process.argv.slice(2);
const reporting = /^--(reporter|outputFile)/;
const projects = given.every((option) => reporting.test(option)) ? [["kernels", "engine"], ["outside"]] : [[]];

/** One vitest; its output is shown as it comes, or kept until the end. */
function run(names, keep) {
  const options = given.map((option) =>
    keep ? option.replace(/^(--outputFile\.json=.*)\.json$/, "$1.outside.json") : option,
  );
  const child = spawn("npx", ["vitest", "run", ...names.flatMap((name) => ["--project", name]), ...options], {
    stdio: ["inherit", keep ? "pipe" : "inherit", keep ? "pipe" : "inherit"],
    env: { ...process.env, ...(keep && process.stdout.isTTY ? { FORCE_COLOR: "1" } : {}) },
  });
  const kept = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on("data", (data) => kept.push(data));
  return new Promise((resolve) => {
    child.on("close", (code) => resolve({ code: code ?? 1, output: Buffer.concat(kept) }));
  });
}

const results = await Promise.all(projects.map((names, i) => run(names, i > 0)));
for (const { output } of results) process.stdout.write(output);
process.exitCode = results.some(({ code }) => code !== 0) ? 1 : 0;
