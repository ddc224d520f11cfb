// Greedy continuations of golden prompts, and what of a step waits for the device.
import { type Gpu, loadModel } from "../../../src/index.ts";
import { tune } from "../../../src/kernels/tuning.ts";
import { tasks } from "../../browser/generate/tasks.ts";
import { gpt1Folder, gpt1Golden } from "../../generate/models/gpt1-golden.ts";
import { bundledMixture, bundledModel, goldenPrompts, mixturePrompts } from "../../support/bundled.ts";
import { quick } from "../../support/devices/gpu.ts";
import { say } from "./report.ts";

/** Runs something by a clock that counts calls of mapAsync, each of which waits for the device in Deno. */
async function byWaits<T>(run: () => Promise<T>): Promise<T> {
  const { prototype } = GPUBuffer;
  const own = { mapAsync: prototype.mapAsync, now: performance.now };
  let waits = 0;
  prototype.mapAsync = function (this: GPUBuffer, ...given) {
    waits++;
    return own.mapAsync.apply(this, given);
  };
  performance.now = () => waits;
  try {
    return await run();
  } finally {
    prototype.mapAsync = own.mapAsync;
    performance.now = own.now;
  }
}

/** So many tokens of each prompt. */
const tokens = 8;

/** Generates the beginnings of the golden data, of the bundled model of all prompts together. */
export async function generateGolden(gpu: Gpu): Promise<void> {
  const model = await loadModel(gpu, bundledModel);
  const prompts = goldenPrompts.map(({ prompt }) => prompt);
  const rows = await tasks.greedy(model, prompts, tokens, prompts.length);
  const { timings } = await byWaits(
    () => model.generate(prompts.slice(0, 1), { temperature: 0, maxTokens: tokens }).result,
  );
  say({
    kind: "model",
    rows: rows.map((row) => ({ promptTokens: row.promptTokens, tokens: row.tokens, text: row.text })),
    waits: { encoding: timings.encodePerToken, token: 1000 / timings.tokensPerSecond },
  });
  tune(gpu, quick); // the bundled model's kernels are those of the adapter
  for (const [name, prompt, maxTokens] of [
    [bundledMixture, mixturePrompts[0]?.prompt ?? "", tokens],
    [gpt1Folder, gpt1Golden.prompt, gpt1Golden.greedy.length],
  ] as const) {
    using other = await loadModel(gpu, name);
    const { rows: written } = await other.generate(prompt, { temperature: 0, maxTokens }).result;
    say({ kind: "greedy", name, tokens: written[0]?.tokens ?? [] });
  }
}
