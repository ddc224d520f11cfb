import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { wgslVite } from "./src/wgsl-loader.ts";
import { quickestToCompile, quickToCompile } from "./test/support/devices/lavapipe.ts";
import { hasFirst, type Kind, kindOf, testFiles } from "./test/support/kinds.ts";

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

/** The files of a kind. In the first tier those without a test of it are not even opened: see scripts/test.mjs. */
const filesOf = (kind: Kind) => {
  const files = testFiles.filter((file) => kindOf(file) === kind);
  const chosen = process.env["SHADERFORMER_TIER"] === "first" && kind !== "unit" ? files.filter(hasFirst) : files;
  return chosen.length > 0 ? chosen : ["none"];
};

const common = {
  plugins: [wgslVite()],
  // Examples import the package by name, as its users do; here that is the source.
  resolve: {
    alias: [
      { find: /^shaderformer$/, replacement: source("src/index.ts") },
      { find: /^shaderformer\/(train|reference)$/, replacement: source("src/$1/index.ts") },
      { find: /^shaderformer\/(encoders|words)$/, replacement: source("src/$1.ts") },
    ],
  },
};

/** Limits that only end what hangs. */
const patience = { testTimeout: 300_000, hookTimeout: 300_000, expect: { poll: { timeout: 240_000 } } };

/** `npm run test:all` runs all widths, optimised. */
const env = quickToCompile();

/** The options of a kind of test files. They share a process: what they import is loaded once, what they compile compiled once. */
const project = (name: Kind, options: object = {}) => ({
  ...common,
  test: { name, include: filesOf(name), ...patience, env, isolate: false, ...options },
});

/** What their files share is closed after the last one: see test/support/devices/sharing-environment.ts. */
const sharing = {
  globalSetup: "test/browser/site-folder.ts",
  environment: "./test/support/devices/sharing-environment.ts",
};

export default defineConfig({
  test: {
    // What one kind has compiled the next one reads; scripts/test.mjs begins without any.
    experimental: {
      fsModuleCache: process.env["SHADERFORMER_TIER"] !== undefined,
      fsModuleCachePath: ".cache/tests/modules",
    },
    // One fork a project; scripts/test.mjs runs two at a time.
    maxWorkers: 1,
    // Tests that run side by side have a device each, see test/support/devices/side-by-side.ts, and may compile the same
    // twice. Two lanes have a core each without that.
    maxConcurrency: process.env["SHADERFORMER_TIER"] === undefined ? 2 : 1,
    tags: [{ name: "first", description: "tests that npm test runs: see test/support/first-tier.ts" }],
    projects: [
      project("unit"),
      project("kernels", { env: quickestToCompile() }),
      project("models"),
      project("engine"),
      // Tests that measure the process they run in, so that each file has one of its own.
      project("alone", { isolate: true }),
      project("outside", sharing),
      project("pages", sharing),
      project("generating", sharing),
    ],
  },
});
