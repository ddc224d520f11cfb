// What `shaderformer/train` gives, as a program outside of the clone uses it.
import { expect, test } from "vitest";
import { loadModel, openFiles } from "../../src/index.ts";
import * as train from "../../src/train/index.ts";
import { openLora } from "../../src/train/lora/open-lora.ts";
import { quickGpu } from "../support/devices/gpu.ts";

const gpu = await quickGpu();
const text = "she sells sea shells by the sea shore. ".repeat(20);
const config = {
  architectures: ["LlamaForCausalLM"],
  vocab_size: 270,
  hidden_size: 32,
  intermediate_size: 48,
  num_hidden_layers: 2,
  num_attention_heads: 4,
  max_position_embeddings: 32,
  rms_norm_eps: 1e-5,
  tie_word_embeddings: true,
};
const tokenizer = train.trainTokenizer([text], { vocabulary: 270 });
const folder = () => train.freshFolder(config, { tokenizer, seed: 3 });
const schedule = { name: "cosine", learningRate: 1e-2, warmup: 2, steps: 12 } as const;

async function rowsOf({ folder: { tokenizer } }: train.Trainable) {
  const documents = await train.tokenise([text, { where: "here", content: [1, 2, 3] }], { tokenizer, vocabulary: 270 });
  return train.randomWindows([documents], { context: 16, seed: 5 });
}

/** A model, its trainer and its rows. */
async function open(options: Partial<train.TrainerOptions> = {}) {
  const model = await train.openTrainable(gpu, folder());
  const trainer = train.createTrainer(model, { schedule, clip: 1, ...options });
  const rows = await rowsOf(model);
  const run = async (begin: number, end: number) => {
    const steps: train.TrainingStep[] = [];
    for (let i = begin; i < end; i++) {
      steps.push(await trainer.step(train.batchesAt(rows, 8 * i, { batch: 4, accumulate: 2 })));
    }
    return steps;
  };
  const dispose = () => {
    trainer.dispose();
    model.dispose();
  };
  return { model, trainer, rows, run, dispose, [Symbol.dispose]: dispose };
}

const weightsOf = async (files: Readonly<Record<string, Blob>>, name = "model.safetensors") =>
  Buffer.from((await files[name]?.arrayBuffer()) ?? new ArrayBuffer());

test("a fresh model learns, and its files load and write", async () => {
  using one = await open();
  const steps = await one.run(0, 12);
  expect(steps.at(-1)?.loss).toBeLessThan((steps[0]?.loss ?? 0) - 1);
  expect(steps[0]?.learningRate).toBeCloseTo(1e-2 / 3, 12);
  const held = train.allWindows({ tokens: Uint32Array.from({ length: 40 }, (_, i) => i), starts: [0, 40] }, 16);
  expect(held.length).toBe(3);
  expect(await train.heldOutLoss(one.trainer, held, { batch: 2 })).toBeGreaterThan(1);
  const files = await train.exportModel(one.model);
  const names = ["config.json", "model.safetensors", "tokenizer.json", "tokenizer_config.json"];
  expect(Object.keys(files).toSorted()).toEqual(names);
  const trained = await loadModel(gpu, openFiles(files));
  expect((await trained.generate("she", { temperature: 0, maxTokens: 2 }).result).text).not.toBe("");
  trained.dispose();
  expect(train.memoryUse(one.trainer.program({ batch: 2, context: 16 })).planned).toBeGreaterThan(0);
});

test("a checkpoint as a file goes on to the bit, with the mean of the weights", async () => {
  using whole = await open({ ema: 0.9 });
  const steps = await whole.run(0, 5);
  using first = await open({ ema: 0.9 });
  const history = await first.run(0, 3);
  const file = await train.saveCheckpoint(first.trainer, { position: 24, history, settings: { of: ["mine"] } });
  using second = await open({ ema: 0.9 });
  await second.run(0, 1);
  const restored = await train.loadCheckpoint(second.trainer, file);
  expect(restored).toMatchObject({ step: 3, position: 24, settings: { of: ["mine"] } });
  expect(restored.history.map(({ step }) => step)).toEqual([1, 2, 3]);
  expect(await second.run(3, 5)).toEqual(steps.slice(3));
  const mean = { parameters: second.trainer.averaged };
  const means = await weightsOf(await train.exportModel(second.model, mean));
  expect(means).toEqual(await weightsOf(await train.exportModel(whole.model, { parameters: whole.trainer.averaged })));
  expect(means).not.toEqual(await weightsOf(await train.exportModel(second.model)));

  // Evaluated, they are the exported model; queries, keys and values share memory here.
  const [batch] = train.batchesAt(second.rows, 7, { batch: 2 });
  if (!batch) return;
  const exported = await train.openTrainable(gpu, openFiles(await train.exportModel(second.model, mean)));
  const judge = train.createTrainer(exported, { schedule });
  const { loss } = await judge.evaluate(batch);
  expect((await second.trainer.evaluate(batch, { averaged: true })).loss).toBe(loss);
  expect((await second.trainer.evaluate(batch)).loss).not.toBe(loss);
  judge.dispose();
  exported.dispose();

  using other = await open();
  await expect(train.loadCheckpoint(other.trainer, file)).rejects.toThrow("checkpoint: has ema.");
  await expect(train.loadCheckpoint(other.trainer, file.slice(0, -4))).rejects.toThrow(/checkpoint: .* missing/);
  expect(await train.saveCheckpoint(other.trainer)).toBeInstanceOf(Blob);
});

test("an adapter is exported with the means of its numbers", async () => {
  const model = await openLora(gpu, folder(), { rank: 2, targets: ["q_proj"] });
  const trainer = train.createTrainer(model, { schedule: () => 1e-2, ema: 0.9 });
  const rows = await rowsOf(model);
  for (let i = 0; i < 3; i++) await trainer.step(train.batchesAt(rows, 2 * i, { batch: 2 }));
  const name = "adapter_model.safetensors";
  const [now, mean] = [
    await train.exportModel(model),
    await train.exportModel(model, { parameters: trainer.averaged }),
  ];
  expect(Object.keys(mean).toSorted()).toEqual(["adapter_config.json", name]);
  expect(await weightsOf(mean, name)).not.toEqual(await weightsOf(now, name));
  expect((await weightsOf(mean, name)).length).toBe((await weightsOf(now, name)).length);
  trainer.dispose();
  model.dispose();
});

test("what is wrong is said", async () => {
  using one = await open();
  const step = (batch: unknown) => one.trainer.step(batch as train.TokenBatch);
  await expect(step({ ids: [[1, 2]] })).rejects.toThrow("train: micro.targets is missing");
  await expect(step({ ids: [Array(33).fill(1)], targets: [Array(33).fill(1)] })).rejects.toThrow(
    "train: ids[0] has 33 tokens, expected at most 32, the model's context",
  );
  await expect(one.trainer.evaluate({ ids: [[1]], targets: [[2]] }, { averaged: true })).rejects.toThrow("has no ema");
  using odd = await open({ schedule: (step) => (step < 2 ? 1 : Number.NaN) });
  await odd.run(0, 1);
  await expect(odd.run(1, 2)).rejects.toThrow("train: schedule(2) is NaN, expected 0 or more");
  expect(() => train.trainTokenizer("text" as unknown as string[], { vocabulary: 300 })).toThrow(
    'trainTokenizer: texts is "text", expected a list of texts',
  );
  await expect(train.tokenise(["text"], {})).rejects.toThrow("document 0: is a text, for which there is no tokenizer");
});
