import {
  anything,
  atLeast,
  boolean,
  type Check,
  callback,
  fieldsOf,
  having,
  integer,
  object,
  oneOf,
  positive,
  required,
} from "../../options/checks.ts";
import { type Recompute, recomputes } from "../decoder-loss.ts";
import type { OptimizerOptions } from "../optimisers/optimisers.ts";
import type { LearningRate } from "../schedules.ts";
import { type RouterOptions, routerChecks } from "./routing.ts";

/** What differs for parameters whose names match; where several rules match, what a later one says counts. */
export interface ParameterRule {
  /** Found anywhere in the name, `h.0.attn.c_attn.weight[0:768]`. */
  readonly match: RegExp;
  /** A factor of the schedule's rate. */
  readonly learningRate?: number | undefined;
  readonly weightDecay?: number | undefined;
  /** True: it does not change, and its gradient is not computed. */
  readonly frozen?: boolean | undefined;
}

/** How a decoder is trained. */
export interface TrainerOptions {
  /** Default AdamW with PyTorch's settings. Tensors of fewer than two dimensions do not decay. */
  readonly optimizer?: OptimizerOptions | undefined;
  /** The largest norm of all gradients together; default: they are not clipped. */
  readonly clip?: number | undefined;
  /** The learning rate of each step, counted from 1. */
  readonly schedule: LearningRate;
  /** Keeps a mean of the weights that keeps this share of itself a step, fewer in the first steps: `(1 + t) / (10 + t)`. */
  readonly ema?: number | undefined;
  readonly rules?: readonly ParameterRule[] | undefined;
  /** The share of what embeddings and layers add to the residual stream that a step drops; default 0. */
  readonly dropout?: number | undefined;
  /** The share of attention's weights that a step drops, after their softmax; default 0. */
  readonly attentionDropout?: number | undefined;
  /** Which elements and weights are dropped: from 0 to 2³² − 1; default 0. */
  readonly seed?: number | undefined;
  /** What of each layer is computed again for its gradients, so that it need not be kept; default nothing. */
  readonly recompute?: Recompute | undefined;
  /** Of a mixture of experts: losses of its routers that are added, and how its biases move. */
  readonly routers?: RouterOptions | undefined;
}

const ruleCheck = object<ParameterRule>({
  match: required(having("exec", "a regular expression")),
  learningRate: atLeast(0),
  weightDecay: atLeast(0),
  frozen: boolean,
});

const share = (value: unknown) =>
  typeof value === "number" && value > 0 && value < 1 ? undefined : "a number above 0 and below 1";

const dropoutShare: Check = (value) =>
  typeof value === "number" && value >= 0 && value < 1 ? undefined : "a number from 0 to below 1";

/** The checks of {@link TrainerOptions}. */
export const trainerFields = fieldsOf<TrainerOptions>({
  optimizer: anything, // checked by the optimiser that it names
  clip: positive,
  schedule: required(callback),
  ema: share,
  dropout: dropoutShare,
  attentionDropout: dropoutShare,
  seed: integer(0, 2 ** 32 - 1),
  recompute: oneOf(...recomputes),
  routers: object(routerChecks),
  rules: (value) =>
    Array.isArray(value) && value.every((rule) => ruleCheck(rule) === undefined) ? undefined : "a list of rules",
});
