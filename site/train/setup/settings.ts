import type { Architecture } from "../tasks/task.ts";
import { type TaskName, taskOf } from "../tasks/tasks.ts";
import { isPlain, offeredBy, standardArchitecture } from "./architectures.ts";

/** Bundled base models for adapters: their layers and heads, and descriptions. */
export const bases = {
  "voices-dense": { layers: 6, heads: 8, width: 256, weights: "5 million" },
  "voices-nano": { layers: 4, heads: 4, width: 128, weights: "1 million" },
} as const;
export type BaseName = keyof typeof bases;

/** The page's optimizers. */
export const optimizers = {
  adamw: "AdamW",
  sgd: "SGD with momentum",
  lion: "Lion",
  muon: "Muon, AdamW for the rest",
} as const;

/** An optimizer's default learning rate, where AdamW's is `rate`. */
export const rateOf: Readonly<Record<keyof typeof optimizers, (rate: number) => number>> = {
  adamw: (rate) => rate,
  sgd: () => 0.1,
  // Its steps are signs, which are larger than AdamW's (Chen et al. 2023, section 5).
  lion: (rate) => rate / 5,
  // Its updates are matrices with singular values of 1 (Jordan et al. 2024).
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

/** What gradients read: kept from the forward pass, or recomputed just before. The numbers are the same. */
export const recomputeWays = {
  nothing: "kept, all of it",
  cheap: "what is cheap computed again",
  layers: "layers computed again",
} as const;

/** Everything that determines a run, except the text of a task on texts. */
export interface Settings {
  readonly task: TaskName;
  /** What the task's length counts. */
  readonly length: number;
  readonly architecture: Architecture;
  /** For an encoder-decoder, in each stack. */
  readonly layers: number;
  readonly heads: number;
  readonly headWidth: number;
  /** For models without heads: width of their states or word vectors. */
  readonly width: number;
  /** For a mixture: experts per layer, and experts per token. */
  readonly experts: number;
  readonly chosen: number;
  /** For a mixture: the coefficient of the load-balancing loss. */
  readonly routerLoss: number;
  /** For the adapter task: the base model, and the adapter's rank. */
  readonly base: BaseName;
  readonly rank: number;
  readonly optimizer: keyof typeof optimizers;
  readonly schedule: keyof typeof schedules;
  readonly recompute: keyof typeof recomputeWays;
  readonly learningRate: number;
  readonly warmup: number;
  readonly weightDecay: number;
  readonly clip: number;
  readonly batch: number;
  readonly steps: number;
  /** Steps between evaluations of the model. */
  readonly every: number;
  readonly seed: number;
}

type NumberName = { [N in keyof Settings]: Settings[N] extends number ? N : never }[keyof Settings];

/** A number of the settings. */
export interface NumberField {
  readonly name: NumberName;
  /** Its key in links. */
  readonly key: string;
  readonly label: string;
  readonly range: readonly [number, number];
  readonly standard: number;
  /** Set with a slider; otherwise only with a field. */
  readonly slider?: true;
  /** Step of the slider; 1 for whole numbers. */
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

/** The size of a model without layers and heads. */
const widthField: NumberField = {
  name: "width",
  key: "width",
  label: "Width",
  range: [8, 256],
  standard: 64,
  slider: true,
  step: 8,
};

/**
 * The sizes of a mixture. At least two experts are chosen: the weights of the chosen ones sum to 1, so with only one
 * the router would learn nothing.
 */
const mixtureFields: readonly NumberField[] = [
  { name: "experts", key: "experts", label: "Experts of a layer", range: [2, 8], standard: 4, slider: true },
  { name: "chosen", key: "chosen", label: "Chosen for a token", range: [2, 4], standard: 2, slider: true },
];

/** How a mixture's routers are trained. */
const routerField: NumberField = {
  name: "routerLoss",
  key: "router_loss",
  label: "Router loss",
  range: [0, 1],
  standard: 0.01,
  fraction: true,
};

/** The size of an adapter. */
const rankField: NumberField = { name: "rank", key: "rank", label: "Rank", range: [1, 64], standard: 8, slider: true };

/** True for settings of a mixture of experts. */
export const isMixture = ({ task, architecture }: Pick<Settings, "task" | "architecture">): boolean =>
  architecture === "mixtral" && !taskOf(task).adapts;

/** The sizes of the settings' model. */
export function sizesOf(settings: Pick<Settings, "task" | "architecture">): readonly NumberField[] {
  if (taskOf(settings.task).adapts) return [rankField];
  if (settings.architecture === "bag-of-words") return [];
  if (isPlain(settings.architecture)) return [widthField];
  return isMixture(settings) ? [...sizeFields, ...mixtureFields] : sizeFields;
}

const trainingFields: readonly NumberField[] = [
  { name: "learningRate", key: "lr", label: "Learning rate", range: [1e-6, 10], standard: 5e-4, fraction: true },
  { name: "warmup", key: "warmup", label: "Warm-up, steps", range: [0, 10_000], standard: 0 },
  { name: "weightDecay", key: "decay", label: "Weight decay", range: [0, 10], standard: 0.1, fraction: true },
  { name: "clip", key: "clip", label: "Largest gradient norm", range: [1e-3, 1e6], standard: 1, fraction: true },
  { name: "batch", key: "batch", label: "Batch, sequences", range: [1, 512], standard: 64 },
  { name: "steps", key: "steps", label: "Most steps", range: [1, 100_000], standard: 2000 },
  { name: "every", key: "every", label: "Look every … steps", range: [1, 1000], standard: 20 },
  { name: "seed", key: "seed", label: "Seed", range: [0, 2 ** 31 - 1], standard: 1 },
];

/** How the settings' model is trained. */
export const trainingOf = (settings: Pick<Settings, "task" | "architecture">): readonly NumberField[] =>
  isMixture(settings) ? [...trainingFields, routerField] : trainingFields;

/** The settings with which a task is known to be learnt, for those not given. */
export function settingsFor(task: TaskName, given: Partial<Settings> = {}): Settings {
  const { length, standard: own, standardOf = {} } = taskOf(task);
  const { optimizer = "adamw", architecture = standardArchitecture(task) } = given;
  const standard = { ...own, ...standardOf[architecture] };
  const numbers = Object.fromEntries(
    [...sizeFields, widthField, ...mixtureFields, routerField, rankField, ...trainingFields].map(
      ({ name, standard: value }) => [name, value],
    ),
  ) as unknown as Pick<Settings, NumberName>;
  const { learningRate } = { ...numbers, ...standard };
  return {
    ...numbers,
    base: "voices-dense",
    optimizer,
    schedule: "constant",
    recompute: "nothing",
    ...standard,
    architecture,
    length: length.standard,
    learningRate: Number(rateOf[optimizer](learningRate).toPrecision(6)),
    ...given,
    task,
  };
}

/** Settings for another kind of model: changed settings stay, the others take that kind's defaults. */
export function withArchitecture(settings: Settings, architecture: Settings["architecture"]): Settings {
  const { task, optimizer } = settings;
  const before = settingsFor(task, { architecture: settings.architecture, optimizer });
  const changed = Object.entries(settings).filter(([name, value]) => value !== before[name as keyof Settings]);
  return settingsFor(task, { ...Object.fromEntries(changed), architecture, optimizer });
}

/** The width of a model's residual stream, or of its states. */
export const widthOf = ({
  architecture,
  heads,
  headWidth,
  width,
}: Pick<Settings, "architecture" | "heads" | "headWidth" | "width">): number =>
  isPlain(architecture) ? width : heads * headWidth;

/** The hidden width of an expert with which a token uses about as many weights as in a dense Llama layer. */
export const expertWidth = ({ heads, headWidth, chosen }: Pick<Settings, "heads" | "headWidth" | "chosen">): number =>
  8 * Math.ceil((3 * heads * headWidth) / chosen / 8);

/** The problem with a number; undefined if it is valid. */
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

/** All numeric settings of a task. */
export const fieldsOf = (task: TaskName): readonly NumberField[] => [
  lengthField(task),
  ...(taskOf(task).adapts ? [rankField] : [...sizeFields, widthField, ...mixtureFields, routerField]),
  ...trainingFields,
];

/** The first problem with settings. */
export function settingsProblem(settings: Settings): string | undefined {
  if (!taskOf(settings.task).adapts && !Object.hasOwn(offeredBy(settings.task), settings.architecture)) {
    return `The task ${settings.task} has no model of the kind ${settings.architecture}.`;
  }
  for (const field of [lengthField(settings.task), ...sizesOf(settings), ...trainingOf(settings)]) {
    const problem = problemOf(field, settings[field.name]);
    if (problem !== undefined) return problem;
  }
  const { experts, chosen, architecture, recompute } = settings;
  if (isPlain(architecture) && recompute !== "nothing") {
    return "A model without layers computes nothing again: what gradients read is kept.";
  }
  if (isMixture(settings) && chosen > experts)
    return `${chosen} experts are chosen, expected at most the ${experts} there are.`;
  return undefined;
}
