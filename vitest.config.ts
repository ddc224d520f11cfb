import { defineConfig } from "vitest/config";
import { wgsl } from "./scripts/wgsl-plugin.ts";

export default defineConfig({
  plugins: [wgsl()],
  test: {
    include: ["test/**/*.test.ts"],
    // One fork: a software adapter already uses every core, and the shader cache is shared.
    maxWorkers: 1,
    // Tests that run side by side have a device each: see test/support/side-by-side.ts.
    maxConcurrency: 2,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
