import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { wgslVite } from "./src/build/wgsl.ts";
import { quickToCompile } from "./test/support/lavapipe.ts";

/** Tests of pages in browsers, in two projects that take about as long. */
const generating = ["test/browser/{generate-*,long-tasks}.test.ts"];
const browsers = ["test/browser/**/*.test.ts"];
/** Other tests that other processes do the work of: command lines, packages that are built and installed, examples. */
const outside = [
  "test/cli/**/*.test.ts",
  "test/deno/**/*.test.ts",
  "test/package/**/*.test.ts",
  "test/bench/{cli,browser,peers-page}.test.ts",
  "test/docs/**/*.test.ts",
  "test/examples/{outside-the-clone,projects}.test.ts",
];
/** Tests that measure the process they run in, so that each has one of its own. */
const alone = ["test/gpu/{closing,patient-polling}.test.ts"];
const kernels = ["test/{kernels,blocks}/**/*.test.ts"];
const models = ["test/{generate,models,engine}/**/*.test.ts"];

// Most of the time goes into compiling pipelines, most of which run once: `npm run test:all` runs all widths, optimised.
// Models run as their users run them.
const quick = quickToCompile();

const source = (path: string) => fileURLToPath(new URL(path, import.meta.url));

const common = {
  plugins: [wgslVite()],
  // Examples import the package by name, as its users do; here that is the source.
  resolve: {
    alias: [
      { find: /^shaderformer$/, replacement: source("src/index.ts") },
      { find: /^shaderformer\/reference$/, replacement: source("src/reference/index.ts") },
    ],
  },
  test: { testTimeout: 300_000, hookTimeout: 300_000 },
};

/** Files of a project share a process: what they import is loaded once, and what they compile is compiled once. */
const shared = { ...common.test, isolate: false };

/** What their files share is closed after the last one: see test/support/sharing-environment.ts. */
const sharing = {
  ...shared,
  env: quick,
  globalSetup: "test/browser/site-folder.ts",
  environment: "./test/support/sharing-environment.ts",
};

export default defineConfig({
  test: {
    // One fork a project; scripts/test.mjs runs two at a time.
    maxWorkers: 1,
    // Tests that run side by side have a device each: see test/support/side-by-side.ts.
    maxConcurrency: 2,
    projects: [
      { ...common, test: { ...sharing, name: "browsers", include: browsers, exclude: generating } },
      { ...common, test: { ...sharing, name: "generating", include: generating } },
      { ...common, test: { ...sharing, name: "outside", include: outside } },
      { ...common, test: { ...common.test, name: "alone", include: alone, env: quick } },
      { ...common, test: { ...shared, name: "kernels", include: kernels, env: quick } },
      { ...common, test: { ...shared, name: "models", include: models } },
      {
        ...common,
        test: {
          ...shared,
          name: "engine",
          env: quick,
          include: ["test/**/*.test.ts"],
          exclude: [...browsers, ...outside, ...alone, ...kernels, ...models, "**/node_modules/**"],
        },
      },
    ],
  },
});
