// Runs the tests of every kernel on every software adapter, lavapipe with each of its subgroup sizes (4, 8 and 16), on
// Dawn in Node and on wgpu in Deno, and writes the results to test/all.md. `npm test` runs them on one adapter,
// with a selection of the combinations of attention's masks, scores and variants; SHADERFORMER_FULL runs all
// combinations.
//   node scripts/test-all.mjs [--only TEXT] [FOLDER…]     default: test/blocks test/reference/check test/gpu test/kernels test/tensor
// With --only, lines of test/all.md for adapters that do not contain TEXT are kept unchanged.
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";

const runs = [
  ["lavapipe, subgroups of 4", { SHADERFORMER_ADAPTER: "lavapipe", LP_NATIVE_VECTOR_WIDTH: "128" }],
  ["lavapipe, subgroups of 8", { SHADERFORMER_ADAPTER: "lavapipe", LP_NATIVE_VECTOR_WIDTH: "256" }],
  ["lavapipe, subgroups of 16", { SHADERFORMER_ADAPTER: "lavapipe", LP_NATIVE_VECTOR_WIDTH: "512" }],
  ["SwiftShader, subgroups of 4, no f16", { SHADERFORMER_ADAPTER: "swiftshader" }],
  // One vitest test runs all of them there, independent of the named folders.
  ["wgpu in Deno on lavapipe, no subgroups", {}, ["test/outside/deno"]],
];
const { values: flags, positionals: given } = parseArgs({
  options: { only: { type: "string", default: "" } },
  allowPositionals: true,
});
const report = "test/all.md";
const folders =
  given.length > 0 ? given : ["test/blocks", "test/reference/check", "test/gpu", "test/kernels", "test/tensor"];
const output = ".cache/test-all.json";

mkdirSync(".cache", { recursive: true });
const rows = [];
const before = existsSync(report) ? readFileSync(report, "utf8").split("\n") : [];
for (const [name, environment, own] of runs) {
  const kept = before.find((line) => line.startsWith(`| ${name} |`));
  if (!name.includes(flags.only)) {
    if (kept) rows.push(kept);
    continue;
  }
  rmSync(output, { force: true });
  const start = Date.now();
  // SwiftShader needs longer than the tests' limit of two minutes.
  const limits = ["--testTimeout=900000", "--hookTimeout=900000", "--reporter=dot", "--reporter=json"];
  const { status } = spawnSync(
    "npx",
    ["vitest", "run", ...(own ?? folders), ...limits, `--outputFile.json=${output}`],
    {
      stdio: ["ignore", "inherit", "inherit"],
      env: { ...process.env, SHADERFORMER_FULL: "1", GALLIVM_PERF: "", ...environment }, // with LLVM's optimisations
    },
  );
  const minutes = ((Date.now() - start) / 60_000).toFixed(1);
  const counts = JSON.parse(readFileSync(output, "utf8"));
  const { numPassedTests, numPendingTests, numTotalTests } = counts;
  // Tests that never ran because their process died count as failed.
  const numFailedTests = numTotalTests - numPassedTests - numPendingTests - (counts.numTodoTests ?? 0);
  console.log(
    `${name}: ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped, ${minutes} min`,
  );
  rows.push(`| ${name} | ${numPassedTests} | ${numFailedTests} | ${numPendingTests} | ${minutes} |`);
  if (status !== 0) process.exitCode = 1;
}

const table = ["| adapter | passed | failed | skipped | minutes |", "|---|---|---|---|---|", ...rows];
const title = `# All adapters

The tests in ${folders.join(", ")}, on Dawn in Node; on wgpu in Deno those in
test/blocks and test/kernels, and one more for each kernel, all of whose texts naga compiles. Written by \`npm run
test:all\`; the minutes include what else the machine did.

`;
if (given.length === 0) writeFileSync(report, `${title}${table.join("\n")}\n`);
