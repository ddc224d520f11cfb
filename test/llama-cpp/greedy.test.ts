// The outside check of GGUF files: llama.cpp reads those that are written here, and continues tokens as is done here. It needs
// node-llama-cpp, a tool of 725 MB that is no dependency: `npm install node-llama-cpp@3.22` in a folder elsewhere, and that
// folder's path in NODE_LLAMA_CPP.
import { execFile } from "node:child_process";
import { rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { loadModel } from "../../src/generate/load-model.ts";
import { ggufConfigs } from "../generate/gguf-models.ts";
import { ggufOfFolder } from "../generate/gguf-of-folder.ts";
import { familyShapes } from "../support/family-shapes.ts";
import { testGpu } from "../support/gpu.ts";
import { writeRandomModel } from "../support/random-model.ts";

const run = promisify(execFile);
const tool = process.env["NODE_LLAMA_CPP"];
const prompt = [0, 17, 300, 42, 5, 1999, 17, 300, 8, 64, 128, 256];
const count = 32;

describe.skipIf(tool === undefined)("llama.cpp continues tokens as is done here", () => {
  // With random weights, a tied head repeats the last token. llama.cpp rounds the ends of YaRN's ramp to whole pairs, which
  // gpt-oss was not trained with.
  const configs = Object.entries(ggufConfigs(4))
    .filter(([, config]) => config["tie_word_embeddings"] !== true)
    .map(([name, { rope_scaling: scaling, ...config }]) => {
      return [name, scaling && name !== "gpt-oss" ? { ...config, rope_scaling: scaling } : config] as const;
    });
  test.each(configs)("%s", async (name, config) => {
    const gpu = await testGpu();
    const { folder } = await writeRandomModel(config, familyShapes(config), "f32");
    try {
      const file = join(folder, "model.gguf");
      await writeFile(file, await ggufOfFolder(folder, { dtype: "f32" }));
      using model = await loadModel(gpu, file, { onWarning: () => {} });
      const greedy = { temperature: 0, maxTokens: count, ignoreEos: true, logprobs: 2 };
      const tokens: number[] = [];
      const margins: number[] = [];
      for await (const { token, top: [first, second] = [] } of model.generate(prompt, greedy)) {
        if (token === undefined) continue;
        tokens.push(token);
        margins.push((first?.logprob ?? 0) - (second?.logprob ?? 0));
      }
      const script = join(import.meta.dirname, "greedy.mjs");
      const args = [script, tool ?? "", file, String(count), ...prompt.map(String)];
      const other: unknown = JSON.parse((await run(process.execPath, args)).stdout);
      console.log(
        `${name}: margins from ${Math.min(...margins).toFixed(4)} to ${Math.max(...margins).toFixed(4)} nats`,
      );
      expect(other).toEqual(tokens);
      expect(new Set(tokens).size).toBeGreaterThan(2);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});
