import { FormatError } from "../../formats/format-error.ts";
import {
  anything,
  type Check,
  type Checks,
  integer,
  listOf,
  oneOf,
  recordOf,
  shown,
  text,
} from "../../options/checks.ts";
import { formatShape, sizeOf } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import type { Parameter } from "../open/parameters.ts";
import type { TrainingStep } from "../trainer/results.ts";
import { writeTensor } from "../trainer/state.ts";
import type { Trainer } from "../trainer/trainer.ts";
import {
  type CheckpointNumbers,
  type CheckpointTensor,
  type CheckpointWriting,
  checkpointWriting,
  type ReadCheckpoint,
} from "./checkpoint.ts";

/** The state of a training run other than tensors: JSON. */
export interface TrainingRecord {
  /** Version of this layout. */
  readonly version: 2;
  /** Steps so far. */
  readonly step: number;
  /** Rows taken from the order of the data: index of the next step's first row. */
  readonly position: number;
  /** The model's settings without its weights, of `objective.model`; null if it has none. */
  readonly model: unknown;
  /** SHA-256 of everything that defines the run other than settings, by name: its data, its tokenizer. */
  readonly digests: Readonly<Record<string, string>>;
  /** The label of the adapter: bits are the same on one device only. */
  readonly adapter: string;
  /** How the run was started, for resuming it. */
  readonly settings: unknown;
  /** Losses on held-out data, `[step, loss]`. */
  readonly evaluations: readonly (readonly [step: number, loss: number])[];
}

/** What is saved and restored: the trainer's state and the weights that it changes. */
interface CheckpointedTraining {
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
 * Plans a training checkpoint between two steps: everything needed to resume with bitwise equal results, and the
 * history of its figures. No step may be taken until the pieces are written.
 */
export function trainingCheckpoint(
  training: CheckpointedTraining,
  record: Omit<TrainingRecord, "version" | "step" | "model">,
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
  const whole: TrainingRecord = { version: 2, step, model: training.trainer.model ?? null, ...record };
  return checkpointWriting([...tensorsOf(training).map(([tensor]) => tensor), kept], whole);
}

const isCount: Check = integer(0);
const isEvaluation: Check = (value) =>
  Array.isArray(value) && value.length === 2 && isCount(value[0]) === undefined ? undefined : "a step and its loss";
const recordChecks: Checks<TrainingRecord> = {
  version: oneOf(2),
  step: isCount,
  position: isCount,
  model: anything,
  digests: recordOf(text),
  adapter: text,
  settings: anything,
  evaluations: listOf(isEvaluation),
};

/**
 * The record of a training checkpoint.
 *
 * @throws FormatError, with the field, for a record of another layout, or a history that does not match its steps.
 */
export function trainingRecord(file: string, { record, tensors }: ReadCheckpoint): TrainingRecord {
  for (const [field, check] of Object.entries<Check>(recordChecks)) {
    const expected = check(record[field]);
    if (expected === undefined && field in record) continue;
    const is = field in record ? `is ${shown(record[field])}` : "is missing";
    throw new FormatError(file, `${is}, expected ${expected ?? "a value"}`, { field: `record.${field}` });
  }
  const whole = record as unknown as TrainingRecord;
  const { shape } = tensors.get("history") ?? {};
  const [rows, columns] = shape ?? [];
  if (shape?.length !== 2 || columns !== figures || (rows !== 0 && rows !== whole.step)) {
    const is = shape ? `is ${formatShape(shape)}` : "is missing";
    const expected = `[${whole.step}, ${figures}], a row for each step, or [0, ${figures}]`;
    throw new FormatError(file, `${is}, expected ${expected}: record.step is ${whole.step}`, { field: "history" });
  }
  return whole;
}

/** Throws `FormatError` with the field unless a checkpoint is of a model with these settings. */
export function assertSameModel(file: string, { model }: Pick<TrainingRecord, "model">, own: object | undefined): void {
  const plain = JSON.parse(JSON.stringify(own ?? null)) as unknown;
  const other = difference(model, plain, "record.model");
  if (!other) return;
  const [field, is, expected] = other;
  const problem = `is ${shown(is)}, but the model's is ${shown(expected)}: the checkpoint is of another model`;
  throw new FormatError(file, problem, { field });
}

/** The path of the first difference of two JSON values, with both values there. */
function difference(a: unknown, b: unknown, path: string): readonly [string, unknown, unknown] | undefined {
  if (!isObject(a) || !isObject(b)) return Object.is(a, b) ? undefined : [path, a, b];
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const found = difference(a[key], b[key], Array.isArray(a) ? `${path}[${key}]` : `${path}.${key}`);
    if (found) return found;
  }
  return undefined;
}

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null;

/**
 * Restores training from a checkpoint, and returns the history of its figures. Everything is checked before anything is
 * changed: the model's settings, the names and shapes of tensors, and the digest of each.
 *
 * @param file the checkpoint, for messages.
 * @throws FormatError for a checkpoint of another model or optimizer, or a damaged one.
 */
export async function restoreTraining(
  training: CheckpointedTraining,
  file: string,
  checkpoint: ReadCheckpoint,
  record: TrainingRecord,
): Promise<readonly TrainingStep[]> {
  const { step } = record;
  assertSameModel(file, record, training.trainer.model);
  const all = tensorsOf(training);
  const history = { name: "history", shape: checkpoint.tensors.get("history")?.shape ?? [], dtype: "f32" } as const;
  checkpoint.check([...all.map(([tensor]) => tensor), history]);
  for (const [expected] of all) await checkpoint.read(expected);
  const numbers = await checkpoint.read(history);
  const state: Record<string, CheckpointNumbers> = {};
  for (const [expected, tensor] of all) {
    const numbers = await checkpoint.read(expected);
    if (expected.name.startsWith("weight.")) await writeTensor(tensor, numbers);
    else state[expected.name] = numbers;
  }
  await training.trainer.restore(state, { step });
  const at = (i: number) => numbers[i] ?? Number.NaN;
  return Array.from({ length: sizeOf(history.shape) / figures }, (_, i) => ({
    step: i + 1,
    loss: at(figures * i),
    gradientNorm: at(figures * i + 1),
    learningRate: at(figures * i + 2),
    skipped: !Number.isFinite(at(figures * i + 1)),
  }));
}
