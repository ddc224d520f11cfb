import { readFileSync } from "node:fs";
import type { Gpu } from "../../../src/gpu/gpu.ts";
import { tensor } from "../../../src/tensor/tensor.ts";
import type { BatchInput } from "../../../src/train/objectives/objective.ts";
import { type EncoderBatches, type EncoderTask, openTrainableEncoder } from "../../../src/train/open/encoder.ts";
import { changedFolder } from "../../encoders/encode/folder-files.ts";
import { encoderFolder, type encoderNames } from "../../encoders/encode/golden-encoders.ts";

/**
 * What `test/golden/gradients_encoders.py` found in float64: of a batch, and of steps of AdamW from the same weights.
 */
export interface GoldenTask<B> {
  readonly batch: B;
  readonly loss: number;
  /** The learning rate of the steps. */
  readonly rate: number;
  readonly steps: readonly { readonly batch: B; readonly loss: number; readonly norm: number }[];
}

type EncoderName = (typeof encoderNames)[number];

/** How the classes of a family's models begin. */
export const classes: Readonly<Record<EncoderName, string>> = {
  bert: "Bert",
  roberta: "Roberta",
  distilbert: "DistilBert",
  mpnet: "MPNet",
  modernbert: "ModernBert",
  new: "New",
};
const suffixes = {
  masked: "ForMaskedLM",
  classify: "ForSequenceClassification",
  "classify-tokens": "ForTokenClassification",
  contrastive: "Model",
} as const satisfies Readonly<Record<EncoderTask, string>>;

/** The class of a family's model with the head of a task. */
export const classOf = (name: EncoderName, task: EncoderTask): string => `${classes[name]}${suffixes[task]}`;

/** A golden encoder, opened for training, with what PyTorch found. */
export async function goldenEncoder<T extends EncoderTask>(gpu: Gpu, name: EncoderName, task: T) {
  const read = (file: string) => JSON.parse(readFileSync(`${encoderFolder(name)}/${file}`, "utf8"));
  const config = { ...read("config.json"), architectures: [classOf(name, task)] };
  const source = changedFolder(name, { "config.json": config, "modules.json": undefined });
  const model = await openTrainableEncoder(gpu, source, { task, onWarning: () => {} });
  const golden: GoldenTask<EncoderBatches[T]> = read("gradients.json")[task];
  return { model, golden, source, gradients: readFileSync(`${encoderFolder(name)}/gradients-${task}.safetensors`) };
}

/** The inputs of a batch on the device, by name. */
export const uploaded = (gpu: Gpu, inputs: Readonly<Record<string, BatchInput>>) =>
  Object.fromEntries(
    Object.entries(inputs).map(([name, { shape, dtype, values }]) => [name, tensor(gpu, shape, [...values], dtype)]),
  );
