// Runs every fuzzer in full: the files of test/fuzz, and the others that make fewer attempts in `npm test`.
//   node scripts/test-fuzz.mjs [--seed N] [vitest's options] [FILE…]
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";

const others = readdirSync("test", { recursive: true, encoding: "utf8" })
  .map((name) => `test/${name.replaceAll("\\", "/")}`)
  .filter((name) => name.endsWith(".test.ts") && !name.startsWith("test/fuzz/"))
  .filter((name) => /\battempts\(/.test(readFileSync(name, "utf8")));
const given = process.argv.slice(2);
const at = given.indexOf("--seed");
const [seed] = at < 0 ? [] : given.splice(at, 2).slice(1);
const files = given.some((one) => !one.startsWith("-")) ? [] : ["test/fuzz", ...others];
const patience = given.some((one) => one.startsWith("--testTimeout")) ? [] : ["--testTimeout=3600000"];
// With AVX-512, LLVM 19 ends the process in some random programs ("Cannot emit physreg copy instruction"). Mesa knows no
// name for a limit between AVX and all there is.
const caps = process.env["GALLIUM_OVERRIDE_CPU_CAPS"] ?? "avx";
const { status } = spawnSync("npx", ["vitest", "run", ...patience, ...files, ...given], {
  stdio: "inherit",
  env: {
    ...process.env,
    SHADERFORMER_FUZZ: "1",
    GALLIUM_OVERRIDE_CPU_CAPS: caps,
    ...(seed ? { SHADERFORMER_SEED: seed } : {}),
  },
});
process.exitCode = status ?? 1;
