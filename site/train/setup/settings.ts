import { type TaskName, taskOf } from "../tasks/tasks.ts";

/** Kinds of models that the page makes. */
export const architectures = {
  gpt2: "GPT-2: learned positions",
  llama: "Llama: rotated positions",
} as const;

/** Optimisers that the page has. */
export const optimizers = {
  adamw: "AdamW",
  sgd: "SGD with momentum",
  lion: "Lion",
  muon: "Muon, AdamW for the rest",
} as const;

/** The learning rate with which an optimiser begins, where AdamW begins with `rate`. */
export const rateOf: Readonly<Record<keyof typeof optimizers, (rate: number) => number>> = {
  adamw: (rate) => rate,
  sgd: () => 0.1,
  // Its steps are signs, which are longer than AdamW's (Chen et al. 2023, section 5).
  lion: (rate) => rate / 5,
  // Those of matrices whose singular values are 1 (Jordan et al. 2024).
  muon: () => 0.02,
};

/** Schedules of the learning rate, after a warm-up. */
export const schedules = {
  constant: "constant",
  linear: "linear to 0",
  cosine: "cosine to a tenth",
  wsd: "constant, the last fifth to 0",
  noam: "inverse square root",
} as const;

/** Everything that a run depends on; the text of a task on texts apart. */
export interface Settings {
  readonly task: TaskName;
  /** What the task's length counts. */
  readonly length: number;
  readonly architecture: keyof typeof architectures;
  readonly layers: number;
  readonly heads: number;
  readonly headWidth: number;
  /** Of an adapter, for the task that trains one. */
  readonly rank: number;
  readonly optimizer: keyof typeof optimizers;
  readonly schedule: keyof typeof schedules;
  readonly learningRate: number;
  readonly warmup: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly batch: number;
  readonly steps: number;
  /** Steps from one look at the model to the next. */
  readonly every: number;
  readonly seed: number;
}

type NumberName = { [N in keyof Settings]: Settings[N] extends number ? N : never }[keyof Settings];

/** A number of the settings. */
export interface NumberField {
  readonly name: NumberName;
  /** As links name it. */
  readonly key: string;
  readonly label: string;
  readonly range: readonly [number, number];
  readonly standard: number;
  /** Set with a slider; else with a field alone. */
  readonly slider?: true;
  /** Steps of the slider; of whole numbers 1. */
  readonly step?: number;
  readonly fraction?: true;
}

/** The sizes of a model. */
const sizeFields: readonly NumberField[] = [
  { name: "layers", key: "layers", label: "Layers", range: [1, 8], standard: 3, slider: true },
  { name: "heads", key: "heads", label: "Heads", range: [1, 8], standard: 3, slider: true },
  {
    name: "headWidth",
    key: "head_width",
    label: "Width of a head",
    range: [8, 64],
    standard: 16,
    slider: true,
    step: 8,
  },
];

/** The size of an adapter. */
const rankField: NumberField = { name: "rank", key: "rank", label: "Rank", range: [1, 64], standard: 8, slider: true };

/** The sizes that a task's runs have. */
export const sizesOf = (task: TaskName): readonly NumberField[] => (taskOf(task).adapts ? [rankField] : sizeFields);

/** How it is trained. */
export const trainingFields: readonly NumberField[] = [
  { name: "learningRate", key: "lr", label: "Learning rate", range: [1e-6, 10], standard: 5e-4, fraction: true },
  { name: "warmup", key: "warmup", label: "Warm-up, steps", range: [0, 10_000], standard: 0 },
  { name: "weightDecay", key: "decay", label: "Weight decay", range: [0, 10], standard: 0.1, fraction: true },
  { name: "clip", key: "clip", label: "Largest gradient norm", range: [1e-3, 1e6], standard: 1, fraction: true },
  { name: "batch", key: "batch", label: "Batch, sequences", range: [1, 512], standard: 64 },
  { name: "steps", key: "steps", label: "Most steps", range: [1, 100_000], standard: 2000 },
  { name: "every", key: "every", label: "Look every … steps", range: [1, 1000], standard: 20 },
  { name: "seed", key: "seed", label: "Seed", range: [0, 2 ** 31 - 1], standard: 1 },
];

/** The settings with which a task is known to be learnt, as far as they are not given. */
export function settingsFor(task: TaskName, given: Partial<Settings> = {}): Settings {
  const { length, standard } = taskOf(task);
  const numbers = Object.fromEntries(
    [...sizeFields, rankField, ...trainingFields].map(({ name, standard: value }) => [name, value]),
  ) as unknown as Pick<Settings, NumberName>;
  const { optimizer = "adamw" } = given;
  const { learningRate } = { ...numbers, ...standard };
  return {
    ...numbers,
    ...{ architecture: "gpt2", optimizer, schedule: "constant" },
    ...standard,
    ...{ length: length.standard, learningRate: Number(rateOf[optimizer](learningRate).toPrecision(6)) },
    ...given,
    task,
  };
}

/** The width of a model's residual stream. */
export const widthOf = ({ heads, headWidth }: Pick<Settings, "heads" | "headWidth">): number => heads * headWidth;

/** What is wrong with a number; undefined where nothing is. */
export function problemOf(
  { label, range: [least, most], fraction, step = 1 }: NumberField,
  value: number,
): string | undefined {
  const kind = fraction ? "a number" : step > 1 ? `a multiple of ${step}` : "a whole number";
  const right = Number.isFinite(value) && value >= least && value <= most && (fraction || value % step === 0);
  return right ? undefined : `${label.replace(/[,…].*/, "").trim()} is ${kind} from ${least} to ${most}.`;
}

/** The field of a task's length. */
export function lengthField(task: TaskName): NumberField {
  const { label, range, standard } = taskOf(task).length;
  const name = label[0]?.toUpperCase() + label.slice(1);
  return { name: "length", key: "length", label: name, range, standard, slider: true };
}

/** All numbers of a task's settings. */
export const fieldsOf = (task: TaskName): readonly NumberField[] => [
  lengthField(task),
  ...sizesOf(task),
  ...trainingFields,
];

/** The first thing that is wrong with settings. */
export function settingsProblem(settings: Settings): string | undefined {
  for (const field of fieldsOf(settings.task)) {
    const problem = problemOf(field, settings[field.name]);
    if (problem !== undefined) return problem;
  }
  return undefined;
}
