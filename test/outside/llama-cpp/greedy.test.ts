// The outside check of GGUF files: llama.cpp reads those that are written here, and continues tokens as is done here.
// It needs node-llama-cpp, a tool of 725 MB that is no dependency: `npm install node-llama-cpp@3.22` in a folder
// elsewhere, and that folder's path in NODE_LLAMA_CPP.
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { loadModel } from "../../../src/generate/load/load-model.ts";
import { inspect } from "../../../src/generate/look/inspection.ts";
import { ggufConfigs } from "../../generate/models/gguf-models.ts";
import { ggufOfFolder } from "../../generate/models/gguf-of-folder.ts";
import { testGpu } from "../../support/devices/gpu.ts";
import { familyShapes } from "../../support/models/family-shapes.ts";
import { writeRandomModel } from "../../support/models/random-model.ts";
import { stackedModel } from "../../support/models/stacked-experts.ts";
import { divergence } from "../../support/numbers/divergence.ts";

const run = promisify(execFile);
const tool = process.env["NODE_LLAMA_CPP"];
const prompt = [0, 17, 300, 42, 5, 1999, 17, 300, 8, 64, 128, 256];
const count = 32;

/**
 * YaRN as llama.cpp computes it for gpt-oss too: it reads no `beta_fast` and `beta_slow` there but takes 32 and 1, and
 * rounds the ends of the ramp outwards to whole pairs, which gpt-oss was not trained with. With this base they are as
 * good as whole: no pair turns 32 times over the original context, and the fourth one once.
 */
function wholeRamp(config: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const { beta_fast: _, beta_slow: __, ...scaling } = config["rope_scaling"] as Readonly<Record<string, number>>;
  const turns = Number(scaling["original_max_position_embeddings"]) / (2 * Math.PI);
  const last = 4 - 1e-5;
  return { ...config, rope_theta: turns ** (Number(config["head_dim"]) / 2 / last), rope_scaling: scaling };
}

describe.skipIf(tool === undefined)("llama.cpp continues tokens as is done here", () => {
  // With random weights, a tied head repeats the last token.
  const configs = Object.entries(ggufConfigs(4))
    .filter(([, config]) => config["tie_word_embeddings"] !== true)
    .map(([name, config]) => [name, name === "gpt-oss" ? wholeRamp(config) : config] as const);

  test.each(configs)("%s", async (name, config) => {
    const { folder } = await writeRandomModel(config, familyShapes(config), "f32");
    try {
      await compare(name, folder, await ggufOfFolder(folder, { dtype: "f32" }));
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });

  test("gpt-oss, experts in stacks and in MXFP4", async () => {
    const config = wholeRamp(ggufConfigs(4)["gpt-oss"] ?? {});
    const { blocks, columns } = stackedModel(config);
    const folder = await mkdtemp(join(tmpdir(), "shaderformer-gpt-oss-"));
    try {
      await compare("gpt-oss, stacks", folder, await ggufOfFolder(columns, { dtype: "f32" }));
      await compare("gpt-oss, MXFP4 as f32", folder, await ggufOfFolder(blocks, { dtype: "f32", requantise: true }));
      // llama.cpp's CPU code rounds activations to 8 bits before products with blocks, so that near ties fall either
      // way.
      const file = join(folder, "mxfp4.gguf");
      await writeFile(file, await ggufOfFolder(blocks, { dtype: "f32" }));
      using model = await loadModel(await testGpu(), file, { onWarning: () => {} });
      using session = model.session();
      const ids = Array.from({ length: 64 }, (_, i) => (i * 397 + 11) % 2048);
      const { logits: here } = await inspect(session.state, ids, "all");
      const script = join(import.meta.dirname, "logits.mjs");
      const out = `${file}.logits`;
      await run(process.execPath, [script, tool ?? "", file, out, "cpu", "512", String(ids)]);
      const all = new Float32Array((await readFile(out)).buffer);
      const there = here.map((row, i) => Float64Array.from(all.subarray(i * row.length, (i + 1) * row.length)));
      const own = divergence(
        here.map((row) => Float64Array.from(row)),
        there,
      );
      console.log(`gpt-oss, MXFP4: KL ${own.toExponential(2)}`);
      expect(own).toBeLessThan(1e-2);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  });
});

/** Continues the prompt here and in llama.cpp from the same file. */
async function compare(name: string, folder: string, bytes: Uint8Array): Promise<void> {
  const file = join(folder, "model.gguf");
  await writeFile(file, bytes);
  using model = await loadModel(await testGpu(), file, { onWarning: () => {} });
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
  console.log(`${name}: margins from ${Math.min(...margins).toFixed(4)} to ${Math.max(...margins).toFixed(4)} nats`);
  expect(other).toEqual(tokens);
  expect(new Set(tokens).size).toBeGreaterThan(2);
}
