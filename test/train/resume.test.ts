import { expect, test } from "vitest";
import { openFiles } from "../../src/formats/files.ts";
import { readCheckpoint } from "../../src/train/checkpoints/checkpoint.ts";
import {
  restoreTraining,
  trainingCheckpoint,
  trainingRecord,
} from "../../src/train/checkpoints/training-checkpoint.ts";
import { decoderObjective } from "../../src/train/objectives/decoder.ts";
import { cosine } from "../../src/train/schedules.ts";
import { Trainer } from "../../src/train/trainer/trainer.ts";
import { goldenDecoder } from "../support/golden-decoder.ts";
import { testGpu } from "../support/gpu.ts";

const gpu = await testGpu();

async function open(name: string, ema: number | undefined) {
  const { decoder, parameters, golden } = await goldenDecoder(gpu, name);
  const schedule = cosine.of({ learningRate: 1e-2, warmup: 3, steps: 20 });
  const trainer = new Trainer(decoderObjective(decoder), parameters, {
    schedule,
    clip: 1,
    ...(ema === undefined ? {} : { ema }),
  });
  const train = async (begin: number, end: number) => {
    const steps = [];
    // Each step of two micro-batches.
    for (let i = begin; i < end; i++) {
      const batches = [golden.steps[i % 20], golden.steps[(i + 7) % 20]].filter((one) => one !== undefined);
      steps.push(await trainer.step(batches));
    }
    return steps;
  };
  const bits = async () => {
    const tensors = [...parameters.map(({ tensor }) => tensor), ...Object.values(trainer.state())];
    return await Promise.all(
      tensors.map(async (tensor) => Buffer.from((await tensor.readStored()).buffer).toString("hex")),
    );
  };
  const close = () => {
    trainer.dispose();
    decoder.weights.dispose();
  };
  return { trainer, parameters, train, bits, close };
}

const record = {
  position: 28,
  data: "9:1",
  adapter: gpu.adapter.label,
  settings: { lr: 1e-2 },
  evaluations: [[5, 1.25]],
} as const;

async function saved(training: Awaited<ReturnType<typeof open>>, history: Awaited<ReturnType<typeof training.train>>) {
  const parts: BlobPart[] = [];
  for await (const piece of trainingCheckpoint(training, record, history).pieces()) parts.push(piece);
  return await readCheckpoint(openFiles({ "a.safetensors": new Blob(parts) }), "a.safetensors");
}

test.each([
  ["gpt2", undefined],
  ["qwen3", 0.9],
])(
  "%s: 7 steps, then a new model that goes on from the checkpoint to 20, have the bits of 20 steps",
  async (name, ema) => {
    const whole = await open(name, ema);
    const steps = await whole.train(0, 20);
    const first = await open(name, ema);
    const checkpoint = await saved(first, await first.train(0, 7));
    first.close();

    const second = await open(name, ema);
    await second.train(3, 5); // what it has done before does not matter
    const read = trainingRecord("a.safetensors", checkpoint);
    expect(read).toEqual({ version: 1, step: 7, ...record });
    const history = await restoreTraining(second, checkpoint, read);
    const asF32 = (step: (typeof steps)[0]) => [
      step.step,
      ...[step.loss, step.gradientNorm, step.learningRate].map(Math.fround),
    ];
    expect(history.map(asF32)).toEqual(steps.slice(0, 7).map(asF32));
    expect(await second.train(7, 20)).toEqual(steps.slice(7));
    expect(await second.bits()).toEqual(await whole.bits());
    for (const one of [whole, second]) one.close();
  },
);

test("a checkpoint of another model, or of a training with other state, changes nothing", async () => {
  const [gpt2, qwen3, withMean] = [
    await open("gpt2", undefined),
    await open("qwen3", undefined),
    await open("gpt2", 0.9),
  ];
  const checkpoint = await saved(gpt2, await gpt2.train(0, 1));
  const read = trainingRecord("a.safetensors", checkpoint);
  for (const [other, message] of [
    [qwen3, /a\.safetensors: weight\..* is missing: the checkpoint is of another model or optimiser/],
    [withMean, /ema\..* is missing/],
  ] as const) {
    const before = await other.bits();
    await expect(restoreTraining(other, checkpoint, read)).rejects.toThrow(message);
    expect(await other.bits()).toEqual(before);
  }
  for (const one of [gpt2, qwen3, withMean]) one.close();
});

test("a record of another layout is refused", async () => {
  const read = (kept: unknown) => () =>
    trainingRecord("a", {
      record: kept,
      tensors: new Map([["history", {} as never]]),
      check: () => {},
      read: () => new Promise(() => {}),
    });
  expect(read({ version: 2 })).toThrow("a: record has the version 2, expected 1");
  expect(read(null)).toThrow("undefined, expected 1");
  expect(read({ version: 1, step: 1.5, position: 0 })).toThrow("record.step is 1.5");
});
