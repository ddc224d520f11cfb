// Runs every fuzzer of test/fuzz in full; `npm test` runs a part of each.
//   node scripts/test-fuzz.mjs [--seed N] [vitest's options] [FILE…]
import { spawnSync } from "node:child_process";

const given = process.argv.slice(2);
const at = given.indexOf("--seed");
const [seed] = at < 0 ? [] : given.splice(at, 2).slice(1);
const files = given.some((one) => !one.startsWith("-")) ? [] : ["test/fuzz"];
const patience = given.some((one) => one.startsWith("--testTimeout")) ? [] : ["--testTimeout=3600000"];
const { status } = spawnSync("npx", ["vitest", "run", ...patience, ...files, ...given], {
  stdio: "inherit",
  env: { ...process.env, SHADERFORMER_FUZZ: "1", ...(seed ? { SHADERFORMER_SEED: seed } : {}) },
});
process.exitCode = status ?? 1;
