import { expect, test } from "vitest";
import { decoderObjective } from "../../src/train/objectives/decoder.ts";
import type { TrainerOptions } from "../../src/train/trainer/options.ts";
import { Trainer } from "../../src/train/trainer/trainer.ts";
import { goldenDecoder } from "../support/golden-decoder.ts";
import { quickGpu } from "../support/gpu.ts";

const gpu = await quickGpu();

/** Losses of the same batch at a rate of 0, so that what differs from step to step is what is dropped; then without. */
async function losses(family: string, options: Partial<TrainerOptions>) {
  const { decoder, parameters, golden } = await goldenDecoder(gpu, family);
  const trainer = new Trainer(decoderObjective(decoder), parameters, { schedule: () => 0, ...options });
  try {
    const found: number[] = [];
    for (let i = 0; i < 3; i++) found.push((await trainer.step(golden)).loss);
    const { loss } = await trainer.evaluate(golden);
    return { found, loss };
  } finally {
    trainer.dispose();
    decoder.weights.dispose();
  }
}

test("dropout: other elements each step, the same with layers computed again and with the same seed", async () => {
  const once = await losses("qwen3", { dropout: 0.3, seed: 5 });
  expect(new Set(once.found).size).toBe(3);
  expect(await losses("qwen3", { dropout: 0.3, seed: 5, recompute: "layers" })).toEqual(once);
  expect((await losses("qwen3", { dropout: 0.3, seed: 6 })).found).not.toEqual(once.found);
  const plain = await losses("qwen3", {});
  expect(new Set(plain.found).size).toBe(1);
  expect(once.loss).toBe(plain.loss);
});

test("dropout of attention's weights: as that of elements, with sinks and in latent attention too", async () => {
  const [attentionDropout, seed] = [0.3, 5];
  const once = await losses("qwen3", { attentionDropout, seed });
  expect(new Set(once.found).size).toBe(3);
  expect(await losses("qwen3", { attentionDropout, seed, recompute: "layers" })).toEqual(once);
  expect(await losses("qwen3", { attentionDropout, seed, recompute: "cheap" })).toEqual(once);
  expect((await losses("qwen3", { attentionDropout, seed: 6 })).found).not.toEqual(once.found);
  expect((await losses("qwen3", { attentionDropout, dropout: 0.3, seed })).found).not.toEqual(once.found);
  const plain = await losses("qwen3", {});
  expect(once.loss).toBe(plain.loss);
  for (const family of ["gpt-oss", "deepseek"]) {
    expect(new Set((await losses(family, { attentionDropout, seed })).found).size, family).toBe(3);
  }
});
