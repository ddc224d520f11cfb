// Every task of the page that trains, five steps at a tiny size, against the same training in float64.
import { describe, expect, test } from "vitest";
import { settingsFor } from "../../site/train/setup/settings.ts";
import { taskNames, taskOf } from "../../site/train/tasks/tasks.ts";
import { batchesOf } from "../../site/train/worker/batches.ts";
import { openSession } from "../../site/train/worker/session.ts";
import { dense } from "../../src/reference/dense.ts";
import { gpt2Steps, type Tensors } from "../support/gpt2-training.ts";
import { testGpu } from "../support/gpu.ts";
import { readF32 } from "../support/safetensors.ts";

const gpu = await testGpu();

/** The weights of a folder, with their shapes. */
async function weightsOf(files: Readonly<Record<string, Blob>>): Promise<Tensors> {
  const bytes = new Uint8Array((await files["model.safetensors"]?.arrayBuffer()) ?? new ArrayBuffer());
  const end = 8 + Number(new DataView(bytes.buffer).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(bytes.slice(8, end)));
  return Object.fromEntries(
    Object.entries(readF32(bytes)).map(([name, values]) => [
      name.replace(/^transformer\./, ""),
      dense(header[name].shape, values),
    ]),
  );
}

describe.each(taskNames.filter((name) => !taskOf(name).adapts))("%s", (name) => {
  test("5 steps have the losses and norms of float64", async () => {
    const settings = settingsFor(name, {
      ...{ architecture: "gpt2", layers: 1, heads: 2, headWidth: 8, length: taskOf(name).length.range[0], batch: 4 },
      ...{ schedule: "constant", warmup: 0 },
    });
    const session = await openSession(gpu, { settings, text: "" }, undefined);
    const weights = await weightsOf((await session.exported()).files);
    const examples = taskOf(name).examples(settings.length, "");
    const batches = [1, 2, 3, 4, 5].map((step) => batchesOf(examples).ofStep(settings.seed, step, settings.batch));
    const wanted = gpt2Steps(weights, batches, settings);
    await session.advance(5);
    const found = session.history.steps;
    expect(found).toHaveLength(5);
    for (const [i, { loss, gradientNorm }] of wanted.entries()) {
      expect(Math.abs((found[i]?.loss ?? Number.NaN) - loss)).toBeLessThan(1e-5);
      expect(Math.abs((found[i]?.gradientNorm ?? Number.NaN) / gradientNorm - 1)).toBeLessThan(1e-4);
    }
    session.dispose();
  });
});
