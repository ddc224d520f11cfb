import { defineConfig } from "vitest/config";
import { wgsl } from "./scripts/wgsl-plugin.ts";

export default defineConfig({
  plugins: [wgsl()],
  test: {
    include: ["test/**/*.test.ts"],
    // One fork: a software adapter already uses every core, and the shader cache is shared.
    maxWorkers: 1,
    testTimeout: 120_000,
    hookTimeout: 120_000,
  },
});
