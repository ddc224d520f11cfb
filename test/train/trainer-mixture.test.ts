import { expect, test } from "vitest";
import type { Tensor } from "../../src/tensor/tensor.ts";
import { decoderObjective } from "../../src/train/objectives/decoder.ts";
import type { TokenBatch } from "../../src/train/objectives/token-batches.ts";
import type { TrainerOptions } from "../../src/train/trainer/options.ts";
import { Trainer } from "../../src/train/trainer/trainer.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { goldenDecoder } from "../support/models/golden-decoder.ts";

const gpu = await quickGpu();

async function trainerOf(name: string, options: Partial<TrainerOptions> = {}) {
  const found = await goldenDecoder(gpu, name);
  const trainer = new Trainer(decoderObjective(found.decoder), found.parameters, { schedule: () => 1e-3, ...options });
  const dispose = () => {
    trainer.dispose();
    found.decoder.weights.dispose();
  };
  const selection = found.parameters.find(({ differentiable }) => differentiable === false)?.tensor as Tensor;
  return { ...found, trainer, selection, [Symbol.dispose]: dispose };
}

const total = (list: readonly number[] = []) => list.reduce((sum, value) => sum + value, 0);

test("a step of a mixture says how experts are used, and the loss of its routers apart", async () => {
  using run = await trainerOf("mixtral");
  const tokens = run.golden.ids.flat().length;
  const step = await run.trainer.step(run.golden);
  expect(step.expertUse?.map(total)).toEqual([2 * tokens, 2 * tokens]);
  expect(step.auxiliaryLoss).toBeGreaterThan(1.9); // 2 where both choices are used equally
  const { expertUse } = await run.trainer.evaluate(run.golden);
  expect(expertUse?.map(total)).toEqual([2 * tokens, 2 * tokens]);
  using dense = await trainerOf("qwen3");
  const other = await dense.trainer.step(dense.golden);
  expect(Object.keys(other)).toEqual(["step", "loss", "gradientNorm", "learningRate", "skipped"]);
});

test("micro-batches have the uses of one batch of all, and the mean of their routers' losses", async () => {
  using whole = await trainerOf("mixtral", { routers: { balance: 0.1 } });
  using parts = await trainerOf("mixtral", { routers: { balance: 0.1 } });
  const { ids, targets } = whole.golden;
  const rows: TokenBatch[] = ids.map((row, i) => ({ ids: [row], targets: [targets[i] ?? []] }));
  const [one, two] = [await whole.trainer.step(whole.golden), await parts.trainer.step(rows)];
  expect(two.expertUse).toEqual(one.expertUse);
  expect(Math.abs(two.loss - one.loss)).toBeLessThan(1e-5);
  const apart = await Promise.all(
    rows.map(async (row) => {
      using single = await trainerOf("mixtral");
      return (await single.trainer.step(row)).auxiliaryLoss ?? Number.NaN;
    }),
  );
  const [least, most] = [Math.min(...apart), Math.max(...apart)];
  expect(two.auxiliaryLoss).toBeGreaterThan(least);
  expect(two.auxiliaryLoss).toBeLessThan(most);
});

test("a coefficient makes use more even", async () => {
  const after = async (balance: number) => {
    using run = await trainerOf("mixtral", { routers: { balance }, schedule: () => 3e-3 });
    for (let i = 0; i < 20; i++) await run.trainer.submit(run.golden);
    const losses = (await run.trainer.readSteps()).map(({ auxiliaryLoss = Number.NaN }) => auxiliaryLoss);
    console.log(`balance ${balance}: ${losses[0]?.toFixed(3)} to ${losses.at(-1)?.toFixed(3)}`);
    return losses.at(-1) ?? Number.NaN;
  };
  expect(await after(1)).toBeLessThan(await after(0));
});

test("biases move by the rate, towards experts that are used less; without a step they stay", async () => {
  const rate = 0.125;
  using run = await trainerOf("deepseek", { routers: { biasRate: rate } });
  const before = [...(await run.selection.read())];
  const step = await run.trainer.step(run.golden);
  const after = [...(await run.selection.read())];
  const [uses = []] = step.expertUse ?? [];
  const mean = total(uses) / uses.length;
  expect(after).toEqual(before.map((bias, i) => Math.fround(bias + rate * Math.sign(mean - (uses[i] ?? 0)))));

  using parts = await trainerOf("deepseek", { routers: { biasRate: rate } });
  const { ids, targets } = run.golden;
  await parts.trainer.step(ids.map((row, i) => ({ ids: [row], targets: [targets[i] ?? []] })));
  expect([...(await parts.selection.read())]).toEqual(after);

  using still = await trainerOf("deepseek");
  await still.trainer.step(still.golden);
  expect([...(await still.selection.read())]).toEqual(before);

  const nan = new Uint8Array(Float32Array.of(Number.NaN).buffer);
  await gpu.write(run.decoder.weights.embedding.storage, 0, nan);
  const zeros = [[0, 0, 0]];
  expect(await run.trainer.step({ ids: zeros, targets: zeros })).toMatchObject({ skipped: true });
  expect([...(await run.selection.read())]).toEqual(after);
});
