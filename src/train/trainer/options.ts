import {
  anything,
  atLeast,
  belowOne,
  boolean,
  checkOptions,
  fieldsOf,
  having,
  integer,
  listOf,
  object,
  oneOf,
  positive,
  required,
} from "../../options/checks.ts";
import { type Recompute, recomputes, type StepShape } from "../objectives/objective.ts";
import type { OptimizerOptions } from "../optimizers/optimizers.ts";
import { type LearningRate, type ScheduleSettings, scheduleCheck } from "../schedules.ts";
import { type RouterOptions, routerChecks } from "./routing.ts";

/** Settings for parameters whose names match; if several rules match, later ones override earlier ones. */
export interface ParameterRule {
  /** Searched for in the name, `h.0.attn.c_attn.weight[0:768]`. */
  readonly match: RegExp;
  /** A factor of the schedule's rate. */
  readonly learningRate?: number | undefined;
  /** Replaces the optimizer's. */
  readonly weightDecay?: number | undefined;
  /** True: the parameter is frozen, and its gradient is not computed. */
  readonly frozen?: boolean | undefined;
}

/** How a model is trained. */
export interface TrainerOptions {
  /** Default AdamW with PyTorch's settings. Tensors of fewer than two dimensions do not decay. */
  readonly optimizer?: OptimizerOptions | undefined;
  /** The largest norm of all gradients together; default: they are not clipped. */
  readonly clip?: number | undefined;
  /** The learning rate of each step: a schedule by its name, or a function of the step, counted from 1. */
  readonly schedule: ScheduleSettings | LearningRate;
  /**
   * Averages the weights: the mean keeps this share of itself in each step, in the first steps less,
   * `(1 + t) / (10 + t)`.
   */
  readonly ema?: number | undefined;
  /** Different settings for some parameters, by their names. */
  readonly rules?: readonly ParameterRule[] | undefined;
  /** The share of the embeddings' and layers' additions to the residual stream that a step drops; default 0. */
  readonly dropout?: number | undefined;
  /** The share of attention's weights that a step drops, after their softmax; default 0. */
  readonly attentionDropout?: number | undefined;
  /** The seed that decides which elements and weights are dropped, from 0 to 2³² − 1; default 0. */
  readonly seed?: number | undefined;
  /** The parts of each layer that are recomputed for its gradients instead of being kept; default nothing. */
  readonly recompute?: Recompute | undefined;
  /** For a mixture of experts: the losses of its routers, and how its biases move. */
  readonly routers?: RouterOptions | undefined;
}

const ruleFields = fieldsOf<ParameterRule>({
  match: required(having("exec", "a regular expression")),
  learningRate: atLeast(0),
  weightDecay: atLeast(0),
  frozen: boolean,
});

const share = (value: unknown) =>
  typeof value === "number" && value > 0 && value < 1 ? undefined : "a number above 0 and below 1";

/** The checks of {@link TrainerOptions}. */
export const trainerFields = fieldsOf<TrainerOptions>({
  optimizer: anything, // checked by the optimizer that it names
  clip: positive,
  schedule: required(scheduleCheck),
  ema: share,
  dropout: belowOne,
  attentionDropout: belowOne,
  seed: integer(0, 2 ** 32 - 1),
  recompute: oneOf(...recomputes),
  routers: object(routerChecks),
  rules: listOf((value) => (typeof value === "object" && value !== null ? undefined : "an object with match")),
});

/** Throws `OptionError` for an invalid rule, with its index. */
export function checkRules(where: string, rules: readonly ParameterRule[]): void {
  for (const [i, rule] of rules.entries()) checkOptions(where, ruleFields, rule, `rules[${i}].`);
}

/** How a loss is computed. */
export interface EvaluateOptions {
  /** True: with the means of the weights that `ema` keeps; default false. */
  readonly averaged?: boolean | undefined;
}

/** The checks of {@link EvaluateOptions} and {@link StepShape}. */
export const evaluateFields = fieldsOf<EvaluateOptions>({ averaged: boolean });
export const shapeCheck = object<StepShape>({
  batch: required(integer(1)),
  context: required(integer(1)),
  sourceContext: integer(1),
});
