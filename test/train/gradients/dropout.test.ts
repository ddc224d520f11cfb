import { expect, test } from "vitest";
import { decoderObjective } from "../../../src/train/objectives/decoder.ts";
import type { TrainerOptions } from "../../../src/train/trainer/options.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { quickTrainingGpu } from "../../support/devices/gpu.ts";
import { goldenDecoder } from "../../support/models/golden-decoder.ts";

const gpu = await quickTrainingGpu();

/** Losses of the same batch at a rate of 0, so that what differs from step to step is what is dropped; then without. */
async function evaluated(family: string, options: Partial<TrainerOptions>, isEvaluated = true) {
  const { decoder, parameters, golden } = await goldenDecoder(gpu, family);
  const trainer = new Trainer(decoderObjective(decoder), parameters, { schedule: () => 0, ...options });
  try {
    const found: number[] = [];
    for (let i = 0; i < 3; i++) found.push((await trainer.step(golden)).loss);
    const loss = isEvaluated ? (await trainer.evaluate(golden)).loss : undefined;
    return { found, loss };
  } finally {
    trainer.dispose();
    decoder.weights.dispose();
  }
}

const losses = async (family: string, options: Partial<TrainerOptions>) =>
  (await evaluated(family, options, false)).found;

const plain = await evaluated("qwen3", {});

test.each([
  ["of elements", { dropout: 0.3 }],
  ["of attention's weights", { attentionDropout: 0.3 }],
])("dropout %s: others each step, the same with layers computed again and with the same seed", async (_, options) => {
  expect(new Set(plain.found).size).toBe(1);
  const { found, loss } = await evaluated("qwen3", { ...options, seed: 5 });
  expect(new Set(found).size).toBe(3);
  expect(loss).toBe(plain.loss);
  expect(await losses("qwen3", { ...options, seed: 5, recompute: "layers" })).toEqual(found);
  expect(await losses("qwen3", { ...options, seed: 5, recompute: "cheap" })).toEqual(found);
  expect(await losses("qwen3", { ...options, seed: 6 })).not.toEqual(found);
  expect(await losses("qwen3", { dropout: 0.3, attentionDropout: 0.3, seed: 5 })).not.toEqual(found);
});

test.each(["gpt-oss", "deepseek"])(
  "%s: attention's weights are dropped, with sinks and in latent attention",
  async (family) => {
    expect(new Set(await losses(family, { attentionDropout: 0.3, seed: 5 })).size).toBe(3);
  },
);
