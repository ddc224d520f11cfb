import { openFiles } from "../../formats/files.ts";
import { anything, checkOptions, checkValue, fieldsOf, having, integer, listOf } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { blobOf } from "../open/export-model.ts";
import type { TrainingStep } from "../trainer/results.ts";
import type { Trainer } from "../trainer/trainer.ts";
import { readCheckpoint } from "./checkpoint.ts";
import { restoreTraining, trainingCheckpoint, trainingRecord } from "./training-checkpoint.ts";

/** Contents of a checkpoint other than the trainer's own state. */
export interface CheckpointRecord {
  /** Rows taken from the order of the data; default 0. */
  readonly position?: number | undefined;
  /** All steps so far, in order, whose loss, norm and learning rate are kept as f32; default none. */
  readonly history?: readonly TrainingStep[] | undefined;
  /** Anything else needed to resume, as JSON. */
  readonly settings?: unknown;
}

/** The state to resume a training run. */
export interface RestoredTraining {
  /** Steps so far. */
  readonly step: number;
  readonly position: number;
  readonly history: readonly TrainingStep[];
  readonly settings: unknown;
}

const trainerCheck = having("readSteps", "a trainer from createTrainer");
const fields = fieldsOf<CheckpointRecord>({
  position: integer(0),
  history: listOf(having("gradientNorm", "a step of a trainer")),
  settings: anything,
});
const fileCheck = (value: unknown) => (value instanceof Blob ? undefined : "a Blob");

/**
 * A file with everything needed to resume training on the same device with bitwise equal results: the weights, the
 * optimizer's state, the means of `ema`, and the number of steps; the model's settings, and a SHA-256 of each field and
 * each tensor. It is safetensors, as `shaderformer train` writes it. No step may be taken until the promise is
 * fulfilled.
 *
 * @throws OptionError for a history of steps other than the trainer's.
 */
export async function saveCheckpoint(trainer: Trainer<never>, record: CheckpointRecord = {}): Promise<Blob> {
  checkValue("saveCheckpoint", "trainer", trainerCheck, trainer);
  checkOptions("saveCheckpoint", fields, record);
  const { position = 0, history = [], settings = null } = record;
  const { parameters, gpu, steps } = trainer;
  if (history.length > 0 && (history.length !== steps || history.some(({ step }, i) => step !== i + 1))) {
    const is = `has ${history.length} steps, the last of them ${history.at(-1)?.step}`;
    throw new OptionError(`saveCheckpoint: history ${is}, expected the ${steps} of the trainer in order, or none`);
  }
  const whole = { position, settings, digests: {}, adapter: gpu.adapter.label, evaluations: [] };
  const { pieces } = trainingCheckpoint({ trainer, parameters }, whole, history);
  return await blobOf(pieces());
}

/** The name of a checkpoint in messages. */
const name = "checkpoint";

/**
 * Restores a trainer, and the weights of its model, from a file of `saveCheckpoint` or of `shaderformer train`.
 * Everything is checked before anything changes.
 *
 * @throws FormatError, with the field or tensor, for a file that is truncated, damaged, without digests, or of another
 * model or optimizer.
 */
export async function loadCheckpoint(trainer: Trainer<never>, file: Blob): Promise<RestoredTraining> {
  checkValue("loadCheckpoint", "trainer", trainerCheck, trainer);
  checkValue("loadCheckpoint", "file", fileCheck, file);
  const checkpoint = await readCheckpoint(openFiles({ [name]: file }), name);
  const record = trainingRecord(name, checkpoint);
  const { step, position, settings } = record;
  const history = await restoreTraining({ trainer, parameters: trainer.parameters }, name, checkpoint, record);
  return { step, position, history, settings };
}
