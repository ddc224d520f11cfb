import { describe, expect, test } from "vitest";
import { Trainer } from "../../src/train/trainer.ts";
import { goldenDecoder } from "../support/golden-decoder.ts";
import { testGpu } from "../support/gpu.ts";

const gpu = await testGpu();
const settings = { betas: [0.9, 0.95], weightDecay: 0.1, clip: 1 } as const;

describe.each(["gpt2", "llama", "qwen3", "gemma2"])("%s", (name) => {
  test("20 steps of AdamW have the losses and norms of PyTorch's in float64", async () => {
    const { decoder, parameters, golden } = await goldenDecoder(gpu, name);
    const trainer = new Trainer(decoder, parameters, settings);
    let [worst, worstNorm] = [0, 0];
    for (const { loss, norm, ...tokens } of golden.steps) {
      const step = await trainer.step(tokens, 1e-2);
      worst = Math.max(worst, Math.abs(step.loss - loss));
      worstNorm = Math.max(worstNorm, Math.abs(step.gradientNorm / norm - 1));
    }
    console.log(`${name}: loss within ${worst.toExponential(1)}, norm within ${worstNorm.toExponential(1)}`);
    expect(trainer.steps).toBe(20);
    expect(worst).toBeLessThan(1e-4);
    expect(worstNorm).toBeLessThan(1e-3);
    trainer.dispose();
    decoder.weights.dispose();
  });
});

test("twice the same steps give the same bits", async () => {
  const run = async () => {
    const { decoder, parameters, golden } = await goldenDecoder(gpu, "qwen3");
    const trainer = new Trainer(decoder, parameters, settings);
    for (const step of golden.steps) await trainer.step(step, 1e-2);
    const weights = await Promise.all(parameters.map(async ({ tensor }) => [...(await tensor.read())]));
    trainer.dispose();
    decoder.weights.dispose();
    return weights;
  };
  expect(await run()).toEqual(await run());
});

test("one batch again and again: the loss goes below 0.01", async () => {
  const { decoder, parameters, golden } = await goldenDecoder(gpu, "gpt2");
  const trainer = new Trainer(decoder, parameters, settings);
  let loss = Number.POSITIVE_INFINITY;
  for (let i = 0; i < 300 && loss >= 0.01; i++) ({ loss } = await trainer.step(golden, 1e-2));
  console.log(`below 0.01 after ${trainer.steps} steps`);
  expect(loss).toBeLessThan(0.01);
  trainer.dispose();
  decoder.weights.dispose();
});
