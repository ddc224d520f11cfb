import { InvalidArgumentError } from "commander";
import type { Recompute } from "../train/objectives/objective.ts";
import type { OptimizerName, OptimizerOptions } from "../train/optimisers/optimisers.ts";
import { type LearningRate, type ScheduleName, schedules } from "../train/schedules.ts";
import { number } from "./arguments.ts";
import type { DeviceFlags } from "./model-options.ts";
import type { LoraFlags } from "./train-lora.ts";

/** What changes weights and by how much. */
export interface OptimizerFlags {
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

/** How a run on documents is made: what its checkpoints record. */
export interface RunSettings extends OptimizerFlags, LoraFlags {
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
  /** How often rows are drawn of each file, relative to the others. */
  readonly weights?: readonly number[];
  readonly order: "random" | "epochs";
  readonly packing: "windows" | "documents";
  readonly steps: number;
  readonly batch: number;
  readonly context?: number;
  readonly accumulate: number;
  readonly recompute?: Recompute;
  readonly dropout?: number;
  readonly attentionDropout?: number;
  /** What a mean of the weights keeps from step to step. */
  readonly ema?: number;
  readonly seed: number;
  readonly evalEvery?: number;
  /** True: what is written is the model of the least loss on held-out documents. */
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

/** Settings that optimisers have; Muon's betas and eps are those of the AdamW for what it leaves. */
const settingsOf = {
  adamw: ["betas", "eps", "weightDecay"],
  sgd: ["weightDecay"],
  lion: ["betas", "weightDecay"],
  muon: ["betas", "eps", "weightDecay"],
} as const satisfies Record<OptimizerName, readonly string[]>;
const flagOf = { betas: "--betas", eps: "--eps", weightDecay: "--weight-decay" } as const;

/** The optimiser of flags; AdamW with nanoGPT's settings where they say nothing. Throws for a setting that it does not have. */
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

/** True for a number that kernels can be given. */
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

/** A number from 0 to below 1. */
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

/** Two numbers from 0 to below 1, separated by a comma. */
export function betas(text: string): [number, number] {
  const [first, second, ...others] = text.split(",").map(number);
  const isShare = (value: number | undefined): value is number => value !== undefined && value >= 0 && value < 1;
  if (others.length === 0 && isShare(first) && isShare(second)) return [first, second];
  throw new InvalidArgumentError("Expected two numbers from 0 to below 1, separated by a comma.");
}

/** Numbers above 0, separated by commas. */
export const weightsOf = (text: string): number[] => text.split(",").map(positiveNumber);
