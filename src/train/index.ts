// Training: gradients of recorded programs, losses.

// Losses

export {
  countTargets,
  crossEntropy,
  crossEntropyRows,
  type LossTensors,
  type MeanLoss,
  meanLoss,
  type RowLosses,
} from "../kernels/cross-entropy/cross-entropy.ts";
export {
  crossEntropyBackward,
  type LossGradient,
  type LossGradientOptions,
  type LossGradientTensors,
} from "../kernels/cross-entropy/cross-entropy-backward.ts";
export type { Ignoring, LossOptions } from "../kernels/cross-entropy/options.ts";

// Gradients

export { GradientError } from "./errors.ts";
export { type GradientOptions, gradients } from "./gradients.ts";
export { type ForwardCall, type InputGradients, type Rule, ruleOf } from "./rule.ts";
