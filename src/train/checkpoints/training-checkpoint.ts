import { FormatError } from "../../formats/format-error.ts";
import { sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Parameter } from "../parameters.ts";
import type { TrainingStep } from "../trainer/results.ts";
import type { Trainer } from "../trainer/trainer.ts";
import { writeTensor } from "../write-tensor.ts";
import {
  type CheckpointNumbers,
  type CheckpointTensor,
  type CheckpointWriting,
  checkpointWriting,
  type ReadCheckpoint,
} from "./checkpoint.ts";

/** What a training has come to, apart from tensors: JSON. */
export interface TrainingRecord {
  /** Of this layout. */
  readonly version: 1;
  /** Steps so far. */
  readonly step: number;
  /** Rows taken from the order of the data; the next step begins with this one. */
  readonly position: number;
  /** What the data were, so that others are noticed: see `tokensHash`. */
  readonly data: string;
  /** The label of the adapter: bits are the same on one device only. */
  readonly adapter: string;
  /** How the run was asked for, for whoever goes on with it. */
  readonly settings: unknown;
  /** Losses on held-out data, `[step, loss]`. */
  readonly evaluations: readonly (readonly [step: number, loss: number])[];
}

/** What is kept and restored: the trainer's state and the weights that it changes. */
export interface CheckpointedTraining {
  readonly trainer: Trainer<never>;
  readonly parameters: readonly Parameter[];
}

/** Figures of a step in the tensor of the history: loss, norm, learning rate. */
const figures = 3;

const ofTensor = (name: string, tensor: Tensor): CheckpointTensor => ({
  name,
  shape: tensor.shape,
  dtype: tensor.dtype as "f32" | "u32",
  read: () => tensor.readStored() as Promise<CheckpointNumbers>,
});

/** The tensors of a checkpoint other than the history: `weight.NAME`, and the trainer's state by its own names. */
function tensorsOf({ trainer, parameters }: CheckpointedTraining): (readonly [CheckpointTensor, Tensor])[] {
  const weights = parameters.map(({ name, tensor }) => [ofTensor(`weight.${name}`, tensor), tensor] as const);
  const state = Object.entries(trainer.state()).map(([name, tensor]) => [ofTensor(name, tensor), tensor] as const);
  return [...weights, ...state];
}

/**
 * Plans the checkpoint of a training between two steps: all that it needs to go on to the bit, and the history of its
 * figures. No step may be taken until the pieces are written.
 */
export function trainingCheckpoint(
  training: CheckpointedTraining,
  record: Omit<TrainingRecord, "version" | "step">,
  history: readonly TrainingStep[],
): CheckpointWriting {
  const numbers = Float32Array.from(
    history.flatMap(({ loss, gradientNorm, learningRate }) => [loss, gradientNorm, learningRate]),
  );
  const kept: CheckpointTensor = {
    name: "history",
    shape: [history.length, figures],
    dtype: "f32",
    read: () => numbers,
  };
  const { step } = training.trainer.counters();
  const whole: TrainingRecord = { version: 1, step, ...record };
  return checkpointWriting([...tensorsOf(training).map(([tensor]) => tensor), kept], whole);
}

/**
 * The record of a training's checkpoint.
 *
 * @throws FormatError for a record of another layout.
 */
export function trainingRecord(file: string, { record, tensors }: ReadCheckpoint): TrainingRecord {
  const { version, step, position } = (record ?? {}) as Partial<TrainingRecord>;
  if (version !== 1 || !tensors.has("history")) {
    throw new FormatError(file, `has the version ${String(version)}, expected 1`, { field: "record" });
  }
  for (const [field, value] of Object.entries({ step, position })) {
    if (Number.isSafeInteger(value) && (value as number) >= 0) continue;
    throw new FormatError(file, `is ${String(value)}, expected an integer of 0 or more`, { field: `record.${field}` });
  }
  return record as TrainingRecord;
}

/**
 * Restores a training from a checkpoint, and gives the history of its figures. Everything is checked before anything is
 * changed.
 *
 * @throws FormatError for a checkpoint of another model or optimiser.
 */
export async function restoreTraining(
  training: CheckpointedTraining,
  checkpoint: ReadCheckpoint,
  { step }: TrainingRecord,
): Promise<readonly TrainingStep[]> {
  const all = tensorsOf(training);
  const history = { name: "history", shape: checkpoint.tensors.get("history")?.shape ?? [], dtype: "f32" } as const;
  checkpoint.check([...all.map(([tensor]) => tensor), history]);
  const state: Record<string, CheckpointNumbers> = {};
  for (const [expected, tensor] of all) {
    const numbers = await checkpoint.read(expected);
    if (expected.name.startsWith("weight.")) await writeTensor(tensor, numbers);
    else state[expected.name] = numbers;
  }
  await training.trainer.restore(state, { step });
  const numbers = await checkpoint.read(history);
  const at = (i: number) => numbers[i] ?? Number.NaN;
  return Array.from({ length: sizeOf(history.shape) / figures }, (_, i) => ({
    step: i + 1,
    loss: at(figures * i),
    gradientNorm: at(figures * i + 1),
    learningRate: at(figures * i + 2),
    skipped: !Number.isFinite(at(figures * i + 1)),
  }));
}

/** A hash of tokens (FNV-1a), as text: the same data have the same. */
export function tokensHash(tokens: Uint32Array): string {
  let hash = 0x811c9dc5;
  for (const token of tokens) hash = Math.imul(hash ^ token, 0x01000193);
  return `${tokens.length}:${(hash >>> 0).toString(16)}`;
}
