// Training: gradients of recorded programs.
export { GradientError } from "./errors.ts";
export { type GradientOptions, gradients } from "./gradients.ts";
export { type ForwardCall, type InputGradients, type Rule, ruleOf } from "./rule.ts";
