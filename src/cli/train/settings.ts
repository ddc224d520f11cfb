import { InvalidArgumentError } from "commander";
import { FormatError } from "../../formats/format-error.ts";
import {
  atLeast,
  belowOne,
  boolean,
  type Checks,
  checkOptions,
  fieldsOf,
  integer,
  listOf,
  oneOf,
  positive,
  required,
  text,
} from "../../options/checks.ts";
import { initialisers } from "../../train/initialisers/schemes.ts";
import { type Recompute, recomputes } from "../../train/objectives/objective.ts";
import { type OptimizerName, type OptimizerOptions, optimizers } from "../../train/optimizers/optimizers.ts";
import { type LearningRate, type ScheduleName, schedules } from "../../train/schedules.ts";
import { number } from "../arguments.ts";
import type { DeviceFlags } from "../model/model-options.ts";
import type { LoraFlags } from "./lora.ts";

/** How weights are updated. */
interface OptimizerFlags {
  readonly optimizer: OptimizerName;
  readonly lr: number;
  readonly schedule: ScheduleName;
  readonly warmup: number;
  readonly betas?: readonly [number, number];
  readonly eps?: number;
  readonly weightDecay?: number;
  readonly clip: number;
  /** Coefficient of the load-balancing loss of a mixture's routers. */
  readonly routerLoss?: number;
}

/** What a model learns, from the most general on. */
export const objectiveNames = ["next-token", "masked", "labels", "pairs", "contrastive", "skip-gram", "bag"] as const;

/** The name of an objective. */
export type ObjectiveName = (typeof objectiveNames)[number];

/** The settings of a run on data, recorded in its checkpoints. */
export interface RunSettings extends OptimizerFlags, LoraFlags {
  /** Unset: the first that fits the model. */
  readonly objective?: ObjectiveName;
  readonly model?: string;
  readonly config?: string;
  readonly tokenizer?: string;
  readonly vocabulary?: number;
  readonly initialiser?: string;
  readonly data?: readonly string[];
  /** The file of a chat template in place of the model's own. */
  readonly chatTemplate?: string;
  readonly val?: readonly string[];
  readonly heldOut?: number;
  /** How often rows are drawn from each file, relative to the others. */
  readonly weights?: readonly number[];
  readonly order: "random" | "epochs";
  readonly packing: "windows" | "documents";
  readonly steps: number;
  /** In place of `steps`: how often all pairs of near words are learnt. */
  readonly epochs?: number;
  /** Width of the vectors of a fresh model of words. */
  readonly width?: number;
  /** Words to each side that are near a word. */
  readonly window?: number;
  /** Words drawn for each pair of near words. */
  readonly negatives?: number;
  readonly batch: number;
  readonly context?: number;
  readonly accumulate: number;
  readonly recompute?: Recompute;
  readonly dropout?: number;
  readonly attentionDropout?: number;
  /** Decay rate of a mean of the weights. */
  readonly ema?: number;
  readonly seed: number;
  readonly evalEvery?: number;
  /** True: writes the model with the lowest loss on held-out documents. */
  readonly keepBest?: boolean;
  readonly saveEvery: number;
}

/** The options of `train`. */
export interface TrainFlags extends RunSettings, DeviceFlags {
  readonly batches?: string;
  readonly out?: string;
  readonly resume?: boolean;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** Settings of each optimizer; Muon's betas and eps are those of AdamW for the other parameters. */
const settingsOf = {
  adamw: ["betas", "eps", "weightDecay"],
  sgd: ["weightDecay"],
  lion: ["betas", "weightDecay"],
  muon: ["betas", "eps", "weightDecay"],
} as const satisfies Record<OptimizerName, readonly string[]>;
const flagOf = { betas: "--betas", eps: "--eps", weightDecay: "--weight-decay" } as const;

/** The optimizer of flags; by default AdamW with nanoGPT's settings. Throws for a setting that it does not have. */
export function optimizerOptions({ optimizer, ...flags }: OptimizerFlags): OptimizerOptions {
  const standard = optimizer === "adamw" ? { betas: [0.9, 0.95], eps: 1e-8, weightDecay: 0.1 } : {};
  const names = Object.keys(flagOf) as (keyof typeof flagOf)[];
  const given = names.filter((name) => flags[name] !== undefined);
  const taken: readonly string[] = settingsOf[optimizer];
  for (const name of given) {
    if (taken.includes(name)) continue;
    const others = Object.entries(settingsOf).filter(([, known]) => (known as readonly string[]).includes(name));
    const expected = others.map(([other]) => other).join(" or ");
    throw new Error(`${flagOf[name]}: ${optimizer} has no such setting, expected --optimizer ${expected}`);
  }
  const { weightDecay, ...others } = Object.fromEntries(given.map((name) => [name, flags[name]]));
  const decay = weightDecay === undefined ? {} : { weightDecay };
  const own = optimizer === "muon" ? { ...decay, adamw: { ...others, ...decay } } : { ...others, ...decay };
  return { name: optimizer, ...standard, ...own } as OptimizerOptions;
}

/** The learning rate of flags over so many steps. */
export const learningRateOf = ({ lr, schedule, warmup }: OptimizerFlags, steps: number): LearningRate =>
  schedules[schedule].of({ learningRate: lr, warmup, steps });

/** The largest norm of all gradients together; undefined for `--clip 0`. */
export const clipOf = ({ clip }: OptimizerFlags): number | undefined => (clip === 0 ? undefined : clip);

/** True for a number within the kernels' range. */
const isFinite32 = (value: number): boolean => Number.isFinite(Math.fround(value));

/** A number above 0, which is finite in f32 and does not round to 0. */
export function positiveNumber(text: string): number {
  const value = number(text);
  if (Math.fround(value) > 0 && isFinite32(value)) return value;
  throw new InvalidArgumentError("Expected a number above 0, and finite in f32.");
}

/** A number of 0 or more, which is finite in f32. */
export function notNegative(text: string): number {
  const value = number(text);
  if (value >= 0 && isFinite32(value)) return value;
  throw new InvalidArgumentError("Expected a number of 0 or more, and finite in f32.");
}

/** A number in [0, 1). */
export function dropoutRate(text: string): number {
  const value = number(text);
  if (value < 0 || value >= 1) throw new InvalidArgumentError("Expected a number from 0 to below 1.");
  return value;
}

/** A number between 0 and 1. */
export function properShare(text: string): number {
  const value = number(text);
  if (value <= 0 || value >= 1) throw new InvalidArgumentError("Expected a number above 0 and below 1.");
  return value;
}

/** Two numbers in [0, 1), separated by a comma. */
export function betas(text: string): [number, number] {
  const [first, second, ...others] = text.split(",").map(number);
  const isShare = (value: number | undefined): value is number => value !== undefined && value >= 0 && value < 1;
  if (others.length === 0 && isShare(first) && isShare(second)) return [first, second];
  throw new InvalidArgumentError("Expected two numbers from 0 to below 1, separated by a comma.");
}

/** Numbers above 0, separated by commas. */
export const weightsOf = (text: string): number[] => text.split(",").map(positiveNumber);

/** Throws for settings of any objective that contradict each other, before anything is read. */
export function checkSettings({ out, resume }: TrainFlags, settings: RunSettings): void {
  if (resume && out === undefined) throw new Error("--resume: expected --out, the folder of the run");
  const { data, evalEvery, keepBest, val, heldOut } = settings;
  if (keepBest && out === undefined) throw new Error("--keep-best: expected --out, the folder to keep it in");
  optimizerOptions(settings); // unsupported settings are reported before anything is read
  if (data === undefined) throw new Error("train: expected --data or --batches");
  if (evalEvery !== undefined && val === undefined && heldOut === undefined) {
    throw new Error("--eval-every: expected --val FILE or --held-out SHARE, the data to evaluate on");
  }
  if (keepBest && evalEvery === undefined) {
    throw new Error("--keep-best: expected --eval-every N, after which steps losses are compared");
  }
}

/** True for a setting that is given, or that a resumed run has. */
export type IsChosen = (name: keyof RunSettings) => boolean;

/** Checks of a run's settings, as recorded in its checkpoints. */
const checks: Checks<RunSettings> = {
  optimizer: required(oneOf(...Object.keys(optimizers))),
  lr: required(positive),
  schedule: required(oneOf(...Object.keys(schedules))),
  warmup: required(integer(0)),
  betas: listOf(belowOne, 2),
  eps: atLeast(0),
  weightDecay: atLeast(0),
  clip: required(atLeast(0)),
  routerLoss: atLeast(0),
  objective: oneOf(...objectiveNames),
  model: text,
  config: text,
  tokenizer: text,
  vocabulary: integer(1),
  initialiser: oneOf(...Object.keys(initialisers)),
  data: listOf(text),
  chatTemplate: text,
  val: listOf(text),
  heldOut: belowOne,
  weights: listOf(positive),
  order: required(oneOf("random", "epochs")),
  packing: required(oneOf("windows", "documents")),
  lora: integer(1),
  loraAlpha: positive,
  loraTargets: listOf(text),
  rslora: boolean,
  steps: required(integer(1)),
  epochs: integer(1),
  width: integer(1),
  window: integer(1),
  negatives: integer(1),
  batch: required(integer(1)),
  context: integer(1),
  accumulate: required(integer(1)),
  recompute: oneOf(...recomputes),
  dropout: belowOne,
  attentionDropout: belowOne,
  ema: belowOne,
  seed: required(integer(0)),
  evalEvery: integer(1),
  keepBest: boolean,
  saveEvery: required(integer(1)),
};
const fields = fieldsOf<RunSettings>(checks);

/** The names of `RunSettings`, which a resumed run takes from its checkpoint unless they are set again. */
export const settingNames = Object.keys(checks) as (keyof RunSettings)[];

/**
 * The checked settings in a checkpoint.
 *
 * @throws FormatError or OptionError with the field, for anything but settings of `shaderformer train`.
 */
export function recordedSettings(file: string, settings: unknown): RunSettings {
  if (typeof settings !== "object" || settings === null) {
    const problem = `is ${String(settings)}: the checkpoint is not from shaderformer train, so it does not say how to continue`;
    throw new FormatError(file, problem, { field: "record.settings" });
  }
  checkOptions(file, fields, settings, "record.settings.");
  return settings as RunSettings;
}
