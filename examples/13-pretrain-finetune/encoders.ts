// Fine-tuning: an encoder with a fresh head learns a task's examples, and predicts the labels of others.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type FileSource, type Gpu, openFiles } from "shaderformer";
import { type Encoder, loadEncoder } from "shaderformer/encoders";
import {
  createTrainer,
  type EncoderBatches,
  exportModel,
  freshFolder,
  freshHead,
  labelWords,
  openTrainableEncoder,
  type TrainableEncoder,
} from "shaderformer/train";
import type { Example, Task } from "./tasks.ts";
import { randomNumbers, shuffled } from "./texts.ts";

/** How a net learns. */
export interface Learning {
  readonly steps: number;
  readonly batch: number;
  readonly learningRate: number;
  readonly seed: number;
}

/** Examples to learn, and others to score predictions of. */
export interface Examples {
  readonly train: readonly Example[];
  readonly test: readonly Example[];
}

/** Batches whose rows are sorted by length together: rows of a batch are computed as if all were as long as the longest. */
const together = 8;

/** The rows of each step: of epochs, each in a random order of its own, those of about the same length together. */
export function drawn<T extends { readonly ids: readonly number[] }>(
  rows: readonly T[],
  { steps, batch, seed }: Learning,
): readonly (readonly T[])[] {
  const random = randomNumbers(seed);
  const order: T[] = [];
  while (order.length < steps * batch) order.push(...shuffled(rows, random));
  const window = batch * Math.max(1, Math.min(together, Math.floor(rows.length / batch)));
  const batches: (readonly T[])[] = [];
  for (let at = 0; at < order.length; at += window) {
    const sorted = order.slice(at, at + window).toSorted((a, b) => a.ids.length - b.ids.length);
    const cut = Array.from({ length: Math.ceil(sorted.length / batch) }, (_, i) =>
      sorted.slice(i * batch, (i + 1) * batch),
    );
    batches.push(...shuffled(cut, random));
  }
  return batches.slice(0, steps);
}

/** The schedule and optimizer that every net has. */
export const trainerOptions = ({ steps, learningRate, seed }: Learning, weightDecay: number) =>
  ({
    optimizer: { name: "adamw", betas: [0.9, 0.999], weightDecay },
    schedule: { name: "linear", learningRate, steps, warmup: Math.ceil(steps / 10) },
    clip: 1,
    seed,
  }) as const;

/** The net of a folder with the weights of its pre-training, or the same net with fresh ones. */
function netOf(folder: string, isPretrained: boolean, seed: number) {
  if (isPretrained) return folder;
  const read = (file: string) => readFileSync(join(folder, file), "utf8");
  const files = Object.fromEntries(["tokenizer.json", "tokenizer_config.json"].map((file) => [file, read(file)]));
  // The weights that its pre-training began with were drawn in the same way.
  return freshFolder(JSON.parse(read("config.json")), { seed, files, initialiser: "xavier" });
}

/** The tokens of an example, with its label, or with one for each token: that of a word at its first one. */
interface Row {
  readonly ids: readonly number[];
  readonly labels: readonly number[];
}

function rowOf(
  tokenizer: TrainableEncoder["tokenizer"],
  { kind }: Task,
  { texts: [text, pair], labels }: Example,
): Row {
  if (kind === "classify-tokens") return labelWords(tokenizer, text, labels);
  return { ids: tokenizer.encodeInput(text, pair === undefined ? {} : { pair }).ids, labels };
}

/** The files of an encoder that has learnt the examples of a task. */
async function learnt<K extends Task["kind"]>(
  gpu: Gpu,
  from: FileSource,
  { task, kind, learning }: { readonly task: Task; readonly kind: K; readonly learning: Learning },
  examples: readonly Example[],
  batchOf: (rows: readonly Row[]) => EncoderBatches[K],
) {
  const model = await openTrainableEncoder(gpu, from, { task: kind, onWarning: () => {} });
  const trainer = createTrainer(model, trainerOptions(learning, 0.01));
  const rows = examples.map((example) => rowOf(model.tokenizer, task, example));
  for (const batch of drawn(rows, learning)) await trainer.submit(batchOf(batch));
  await trainer.readSteps();
  const files = await exportModel(model);
  trainer.dispose();
  model.dispose();
  return files;
}

/** Fine-tunes a net on examples, and returns its predictions for others. */
export async function fineTuned(
  gpu: Gpu,
  net: { readonly folder: string; readonly isPretrained: boolean },
  task: Task,
  learning: Learning,
  { train, test }: Examples,
): Promise<readonly (readonly number[])[]> {
  const { kind, labels } = task;
  const { seed } = learning;
  const from = await freshHead(netOf(net.folder, net.isPretrained, seed), { task: kind, labels, seed });
  const idsOf = (rows: readonly Row[]) => rows.map(({ ids }) => ids);
  const files =
    kind === "classify"
      ? await learnt(gpu, from, { task, kind, learning }, train, (rows) => ({
          ids: idsOf(rows),
          labels: rows.map((row) => row.labels[0] ?? 0),
        }))
      : await learnt(gpu, from, { task, kind, learning }, train, (rows) => ({
          ids: idsOf(rows),
          labels: rows.map((row) => row.labels),
        }));
  using encoder = await loadEncoder(gpu, openFiles(files, "a fine-tuned encoder"), { onWarning: () => {} });
  return kind === "classify" ? await labelsOf(encoder, test) : await labelsOfWords(encoder, test);
}

/** The likeliest label of each example. */
async function labelsOf(encoder: Encoder, examples: readonly Example[]): Promise<readonly (readonly number[])[]> {
  const { scores } = await encoder.scores(examples.map(({ texts }) => (texts.length === 2 ? texts : texts[0])));
  return scores.map((row) => [row.indexOf(Math.max(...row))]);
}

/** The likeliest label of each word of each example: that of its first token. */
async function labelsOfWords(encoder: Encoder, examples: readonly Example[]): Promise<readonly (readonly number[])[]> {
  const predicted: (readonly number[])[] = [];
  for (const {
    texts: [text],
  } of examples) {
    const { tokens = [] } = await encoder.classify(text);
    const words = Array.from(text.matchAll(/\S+/g), ({ index, 0: word }) => {
      const own = tokens.find(({ start, end }) => end > index && start < index + word.length);
      return encoder.labels.indexOf(own?.label ?? "");
    });
    predicted.push(words);
  }
  return predicted;
}
