// The recall example: its texts, and a step of training with each mixer. Its main script runs in outside-the-clone.test.ts.
import { afterAll, expect, test } from "vitest";
import { mixers, openModel } from "../../../examples/15-recall/model.ts";
import { drawn, lengthOf, mostPairs, randomOf } from "../../../examples/15-recall/task.ts";
import { openGpu } from "../../../src/index.ts";
import { createTrainer } from "../../../src/train/index.ts";
import { first } from "../../support/first-tier.ts";

const gpu = await openGpu();
afterAll(() => gpu.close());

test("a text asks for each of its keys once, and the answer is the value that it gives", first, () => {
  for (const pairs of [1, 5, mostPairs]) {
    const { ids, targets } = drawn(randomOf(3), 4, pairs);
    for (const [row, text] of ids.entries()) {
      expect(text).toHaveLength(lengthOf(pairs));
      const values = new Map(Array.from({ length: pairs }, (_, i) => [text[2 * i], text[2 * i + 1]] as const));
      expect(values.size).toBe(pairs);
      const asked = text.slice(2 * pairs);
      expect(new Set(asked)).toEqual(new Set(values.keys()));
      expect(targets[row]).toEqual([...Array(2 * pairs).fill(-100), ...asked.map((key) => values.get(key))]);
    }
  }
});

test.each(mixers)("%s: every weight has a gradient, and a second run has the same bits", async (mixer) => {
  const run = async () => {
    const model = openModel(gpu, mixer, 1);
    const before = await Promise.all(model.parameters.map(async ({ tensor }) => [...(await tensor.read())]));
    const trainer = createTrainer(model, { schedule: () => 1e-2, clip: 1 });
    const random = randomOf(2);
    for (let i = 0; i < 3; i++) await trainer.submit(drawn(random, 4, 6));
    const losses = (await trainer.readSteps()).map(({ loss }) => loss);
    const after = await Promise.all(model.parameters.map(async ({ tensor }) => [...(await tensor.read())]));
    trainer.dispose();
    model.dispose();
    return { before, after, losses, names: model.parameters.map(({ name }) => name) };
  };
  const { before, after, losses, names } = await run();
  for (const [i, name] of names.entries()) expect(after[i], name).not.toEqual(before[i]);
  expect(losses[0]).toBeGreaterThan(3);
  expect(losses.every(Number.isFinite)).toBe(true);
  expect((await run()).losses).toEqual(losses);
});
