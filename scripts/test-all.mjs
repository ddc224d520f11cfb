// Runs the tests of every kernel on every software adapter there is, lavapipe with each of its subgroup sizes (4, 8 and
// 16), and writes what passed to test/all.md. `npm test` runs them on one, and of the masks and scores of attention those
// pairs with variants that put something to the test; SHADERFORMER_FULL is the product.
//   node scripts/test-all.mjs [FOLDER…]     default: test/gpu test/kernels test/support test/tensor
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";

const runs = [
  ["lavapipe, subgroups of 4", { SHADERFORMER_ADAPTER: "lavapipe", LP_NATIVE_VECTOR_WIDTH: "128" }],
  ["lavapipe, subgroups of 8", { SHADERFORMER_ADAPTER: "lavapipe", LP_NATIVE_VECTOR_WIDTH: "256" }],
  ["lavapipe, subgroups of 16", { SHADERFORMER_ADAPTER: "lavapipe", LP_NATIVE_VECTOR_WIDTH: "512" }],
  ["SwiftShader, subgroups of 4, no f16", { SHADERFORMER_ADAPTER: "swiftshader" }],
];
const given = process.argv.slice(2);
const folders = given.length > 0 ? given : ["test/gpu", "test/kernels", "test/support", "test/tensor"];
const output = ".cache/test-all.json";

mkdirSync(".cache", { recursive: true });
const rows = [];
for (const [name, environment] of runs) {
  rmSync(output, { force: true });
  const start = Date.now();
  // SwiftShader takes minutes for what a test allows itself two.
  const flags = ["--testTimeout=900000", "--hookTimeout=900000", "--reporter=dot", "--reporter=json"];
  const { status } = spawnSync("npx", ["vitest", "run", ...folders, ...flags, `--outputFile.json=${output}`], {
    stdio: ["ignore", "inherit", "inherit"],
    env: { ...process.env, SHADERFORMER_FULL: "1", ...environment },
  });
  const minutes = ((Date.now() - start) / 60_000).toFixed(1);
  const { numPassedTests, numFailedTests, numPendingTests } = JSON.parse(readFileSync(output, "utf8"));
  console.log(
    `${name}: ${numPassedTests} passed, ${numFailedTests} failed, ${numPendingTests} skipped, ${minutes} min`,
  );
  rows.push(`| ${name} | ${numPassedTests} | ${numFailedTests} | ${numPendingTests} | ${minutes} |`);
  if (status !== 0) process.exitCode = 1;
}

const table = ["| adapter | passed | failed | skipped | minutes |", "|---|---|---|---|---|", ...rows];
const title = `# All adapters\n\nThe tests in ${folders.join(", ")}. Written by \`npm run test:all\`.\n\n`;
if (given.length === 0) writeFileSync("test/all.md", `${title}${table.join("\n")}\n`);
