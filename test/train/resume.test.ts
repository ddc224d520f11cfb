import { expect, test } from "vitest";
import { openFiles } from "../../src/formats/files.ts";
import type { DecoderConfig } from "../../src/models/decoders/config.ts";
import { readCheckpoint } from "../../src/train/checkpoints/checkpoint.ts";
import {
  restoreTraining,
  trainingCheckpoint,
  trainingRecord,
} from "../../src/train/checkpoints/training-checkpoint.ts";
import { decoderObjective } from "../../src/train/objectives/decoder.ts";
import { cosine } from "../../src/train/schedules.ts";
import { Trainer } from "../../src/train/trainer/trainer.ts";
import { quickGpu } from "../support/devices/gpu.ts";
import { goldenDecoder } from "../support/models/golden-decoder.ts";

const gpu = await quickGpu();

async function open(name: string, ema: number | undefined, settings: Partial<DecoderConfig> = {}) {
  const { decoder: stored, parameters, golden } = await goldenDecoder(gpu, name);
  const decoder = { ...stored, config: { ...stored.config, ...settings } };
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
  return { trainer, parameters, config: decoder.config, train, bits, close };
}

const record = {
  position: 28,
  digests: { data: "9:1" },
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
  "%s: 3 steps, then a new model that goes on from the checkpoint to 8, have the bits of 8 steps",
  async (name, ema) => {
    const whole = await open(name, ema);
    const steps = await whole.train(0, 8);
    const first = await open(name, ema);
    const checkpoint = await saved(first, await first.train(0, 3));
    first.close();

    const second = await open(name, ema);
    await second.train(3, 4); // what it has done before does not matter
    const read = trainingRecord("a.safetensors", checkpoint);
    const model = JSON.parse(JSON.stringify(second.config));
    expect(read).toEqual({ version: 2, step: 3, model, ...record });
    const history = await restoreTraining(second, "a.safetensors", checkpoint, read);
    const asF32 = (step: (typeof steps)[0]) => [
      step.step,
      ...[step.loss, step.gradientNorm, step.learningRate].map(Math.fround),
    ];
    expect(history.map(asF32)).toEqual(steps.slice(0, 3).map(asF32));
    expect(await second.train(3, 8)).toEqual(steps.slice(3));
    expect(await second.bits()).toEqual(await whole.bits());
    for (const one of [whole, second]) one.close();
  },
);

test("a checkpoint of another model, or of a training with other state, changes nothing", async () => {
  const gpt2 = await open("gpt2", undefined);
  const checkpoint = await saved(gpt2, await gpt2.train(0, 1));
  const read = trainingRecord("a.safetensors", checkpoint);
  const rotated = { kind: "rope", theta: 5e5, width: 8, scaling: { kind: "none" }, layout: "halves" } as const;
  for (const [opening, message] of [
    [
      open("qwen3", undefined),
      /a\.safetensors: record\.model\.architecture is "GPT2LM.*", but the model's is "Qwen3ForCausalLM"/,
    ],
    [open("gpt2", 0.9), /ema\..* is missing/],
    [
      open("gpt2", undefined, { eps: 1e-3 }),
      /record\.model\.eps is 0\.00001, but the model's is 0\.001: the checkpoint is of another model/,
    ],
    [open("gpt2", undefined, { positions: rotated }), /record\.model\.positions\.kind is "learned", but the model's/],
    [open("gpt2", undefined, { scoreCap: 50 }), /record\.model\.scoreCap is undefined, but the model's is 50/],
  ] as const) {
    const other = await opening;
    const before = await other.bits();
    await expect(restoreTraining(other, "a.safetensors", checkpoint, read)).rejects.toThrow(message);
    expect(await other.bits()).toEqual(before);
    other.close();
  }
  gpt2.close();
});

test("a record of another layout, and a history of other steps, are refused by their fields", () => {
  const { settings, ...rest } = { version: 2, step: 3, model: null, ...record };
  const read =
    (kept: object, rows = 3) =>
    () =>
      trainingRecord("a", {
        record: kept as Readonly<Record<string, unknown>>,
        tensors: new Map([["history", { shape: [rows, 3] } as never]]),
        check: () => {},
        read: () => new Promise(() => {}),
      });
  const whole = { ...rest, settings };
  expect(read(whole)()).toEqual(whole);
  expect(read(whole, 0)()).toEqual(whole);
  expect(read({ ...whole, version: 1 })).toThrow("a: record.version is 1, expected 2");
  expect(read({})).toThrow("a: record.version is missing, expected 2");
  expect(read(rest)).toThrow("a: record.settings is missing");
  expect(read({ ...whole, step: 1.5 })).toThrow("record.step is 1.5, expected an integer of 0 or more");
  expect(read({ ...whole, step: 100 })).toThrow("a: history is [3, 3], expected [100, 3]");
  expect(read(whole, 4)).toThrow("a: history is [4, 3], expected [3, 3], a row for each step, or [0, 3]");
  expect(read({ ...whole, evaluations: [[1]] })).toThrow("record.evaluations is [a list], expected a list");
  expect(read({ ...whole, digests: null })).toThrow("record.digests is null, expected an object");
});
