// Adapters trained on the batches of golden decoders.
import { readFileSync } from "node:fs";
import { expect } from "vitest";
import { openFiles } from "../../../src/formats/files.ts";
import type { FileSource } from "../../../src/formats/source.ts";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { type LoraOptions, openLora } from "../../../src/train/lora/open-lora.ts";
import { decoderObjective } from "../../../src/train/objectives/decoder.ts";
import type { Trainable } from "../../../src/train/open/open-trainable.ts";
import type { TrainedFolder } from "../../../src/train/open/trained-folder.ts";
import { constant } from "../../../src/train/schedules.ts";
import { Trainer } from "../../../src/train/trainer/trainer.ts";
import { blobsOf } from "../../support/devices/random-adapter.ts";
import type { GoldenTraining } from "../../support/models/golden-decoder.ts";

/** The batch of a golden decoder, with what PyTorch has of it. */
export const golden = (name: string): GoldenTraining =>
  JSON.parse(readFileSync(`test/golden/gradients-${name}/golden.json`, "utf8"));

/** A trainer of an adapter or a model. */
export const trainerOf = ({ decoder, parameters }: Trainable) =>
  new Trainer(decoderObjective(decoder), parameters, { schedule: constant.of({ learningRate: 2e-2, steps: 40 }) });

/** A planned folder in memory. */
export async function inMemory(folder: TrainedFolder): Promise<FileSource> {
  const blobs = await blobsOf(folder);
  expect(blobs[folder.file ?? "model.safetensors"]?.size).toBe(folder.bytes);
  return openFiles(blobs, "memory");
}

/** The loss of a batch with the model as it is. */
export async function lossOf(trainable: Trainable, batch: GoldenTraining): Promise<number> {
  const trainer = trainerOf(trainable);
  const { loss } = await trainer.evaluate(batch);
  trainer.dispose();
  return loss;
}

/** An adapter after some steps on one batch, and the first and the last loss. */
export async function trained(gpu: Gpu, source: FileSource, batch: GoldenTraining, options: LoraOptions, steps = 20) {
  const model = await openLora(gpu, source, options);
  const trainer = trainerOf(model);
  const losses: number[] = [];
  for (let i = 0; i < steps; i++) losses.push((await trainer.step(batch)).loss);
  const { loss } = await trainer.evaluate(batch);
  trainer.dispose();
  return { model, losses, loss };
}
