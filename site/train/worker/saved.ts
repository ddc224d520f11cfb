// A run as a file: a checkpoint of its training, with the data shown on the page.

import { openFiles } from "../../../src/formats/files.ts";
import {
  type CheckpointTensor,
  checkpointWriting,
  type ReadCheckpoint,
  readCheckpoint,
} from "../../../src/train/checkpoints/checkpoint.ts";
import type { TrainingStep } from "../../../src/train/trainer/results.ts";
import { settingsFor, settingsProblem } from "../setup/settings.ts";
import { taskNames } from "../tasks/tasks.ts";
import type { Attention, History, Look } from "./history.ts";
import type { KeptRun, RunRequest } from "./protocol.ts";

const version = 1;

/** Contents of such a file other than tensors. */
interface SavedRecord extends RunRequest {
  readonly version: number;
  readonly step: number;
  readonly looks: readonly Look[];
  readonly attention: readonly (Omit<Attention, "weights"> & { readonly shape: readonly number[] })[];
  readonly seconds: number;
}

/** Numbers of a step: its loss, the norm of its gradients, its learning rate, and 1 if it was skipped. */
const columns = 4;

/** The name of attention as a tensor. */
const nameOf = ({ step, of }: Pick<Attention, "step" | "of">) => `history.attention.${step}${of ? `.${of}` : ""}`;

/** A run as a file; `tensors` is the state for resuming its training. */
export async function savedRun(
  { settings, text }: RunRequest,
  { steps, looks, attention, seconds }: History,
  tensors: readonly CheckpointTensor[],
): Promise<Blob> {
  const figures = Float32Array.from(
    steps.flatMap(({ loss, gradientNorm, learningRate, skipped }) => [
      loss,
      gradientNorm,
      learningRate,
      Number(skipped),
    ]),
  );
  const record: SavedRecord = {
    version,
    settings,
    text,
    step: steps.length,
    looks,
    seconds,
    attention: attention.map(({ weights, ...one }) => ({ ...one, shape: [weights.length] })),
  };
  const own: readonly CheckpointTensor[] = [
    { name: "history.steps", shape: [steps.length, columns], dtype: "f32", read: () => figures },
    ...attention.map((one): CheckpointTensor => {
      return { name: nameOf(one), shape: [one.weights.length], dtype: "f32", read: () => one.weights };
    }),
  ];
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for await (const piece of checkpointWriting([...tensors, ...own], record).pieces()) parts.push(piece);
  return new Blob(parts);
}

/** A run read from a file, with its training's tensors still to be read. */
export interface ReadRun extends KeptRun {
  readonly step: number;
  readonly checkpoint: ReadCheckpoint;
}

/**
 * Reads a run from a file.
 *
 * @throws FormatError or TypeError for an invalid file, or one of another version of the page.
 */
export async function readRun(file: Blob): Promise<ReadRun> {
  const name = "the kept run";
  const checkpoint = await readCheckpoint(openFiles({ [name]: file }), name);
  const record = checkpoint.record as Partial<SavedRecord> as SavedRecord;
  if (record?.version !== version || !taskNames.includes(record.settings?.task)) {
    throw new TypeError(`${name} is of another version of this page`);
  }
  const settings = settingsFor(record.settings.task, record.settings); // a file may be older than a setting
  const problem = settingsProblem(settings);
  if (problem !== undefined) throw new TypeError(`${name}: ${problem}`);
  const numbers = await checkpoint.read({ name: "history.steps", shape: [record.step, columns], dtype: "f32" });
  const steps = Array.from({ length: record.step }, (_, i): TrainingStep => {
    const [loss = 0, gradientNorm = 0, learningRate = 0, skipped = 0] = numbers.subarray(
      i * columns,
      (i + 1) * columns,
    );
    return { step: i + 1, loss, gradientNorm, learningRate, skipped: skipped !== 0 };
  });
  const attention = await Promise.all(
    record.attention.map(async ({ shape, ...one }): Promise<Attention> => {
      const weights = await checkpoint.read({ name: nameOf(one), shape, dtype: "f32" });
      return { ...one, weights: weights as Float32Array<ArrayBuffer> };
    }),
  );
  const { text, seconds, step } = record;
  // JSON lacks infinity, the relative change of weights that were zero.
  const looks = record.looks.map(({ ratios, ...look }) => ({
    ...look,
    ...(ratios && { ratios: (ratios as readonly (number | null)[]).map((one) => one ?? Number.POSITIVE_INFINITY) }),
  }));
  return { settings, text, step, checkpoint, history: { steps, looks, attention, seconds } };
}
