import { atLeast, type Checks, required } from "../options/checks.ts";
import { at, axes, type Dense, dense } from "./dense.ts";
import { add } from "./elementwise.ts";
import { given, optionalTensor, tensor } from "./given.ts";

/** Added to the mean square or the variance under the root. */
export interface NormOptions {
  eps: number;
}

/** What a norm's options have to be. */
export const normOptions: Checks<NormOptions> = { eps: required(atLeast(0)) };

/**
 * Root-mean-square norm over the last axis: `y = x / sqrt(mean(x²) + eps) · weight` (Zhang and Sennrich 2019, eq. 4).
 * x `[...rows, cols]`, weight `[cols]` → y like x.
 */
export function rmsNorm(tensors: { x: Dense; weight: Dense }, options: NormOptions): { y: Dense } {
  const { x, weight } = given("rmsNorm", tensors, { x: tensor, weight: tensor });
  const { eps } = given("rmsNorm", options, normOptions);
  const { rows, cols } = axes("rmsNorm", { x, weight }, { x: "...rows cols", weight: "cols" });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    let squares = 0;
    for (let j = 0; j < cols; j++) squares += at(x.values, row * cols + j) ** 2;
    const root = Math.sqrt(squares / cols + eps);
    for (let j = 0; j < cols; j++) {
      y.values[row * cols + j] = (at(x.values, row * cols + j) / root) * at(weight.values, j);
    }
  }
  return { y };
}

/**
 * The residual add and the RMS norm of the sum: `sum = x + residual`, `y = rmsNorm(sum)`. Shapes as in {@link rmsNorm}.
 */
export function addRmsNorm(
  tensors: { x: Dense; residual: Dense; weight: Dense },
  options: NormOptions,
): { sum: Dense; y: Dense } {
  const { x, residual, weight } = given("addRmsNorm", tensors, { x: tensor, residual: tensor, weight: tensor });
  axes("addRmsNorm", { x, residual }, { x: "...rows cols", residual: "...rows cols" });
  const sum = add({ a: x, b: residual }).y;
  return { sum, ...rmsNorm({ x: sum, weight }, options) };
}

/**
 * Layer norm over the last axis: `y = (x − mean) / sqrt(variance + eps) · weight + bias`, the variance being the mean
 * of the squared deviations (Ba, Kiros and Hinton 2016, section 3).
 * x `[...rows, cols]`, weight `[cols]`, bias `[cols]` (none: 0) → y like x.
 */
export function layerNorm(
  tensors: { x: Dense; weight: Dense; bias?: Dense | undefined },
  options: NormOptions,
): { y: Dense } {
  const { x, weight, bias } = given("layerNorm", tensors, { x: tensor, weight: tensor, bias: optionalTensor });
  const { eps } = given("layerNorm", options, normOptions);
  const { rows, cols } = axes("layerNorm", { x, weight }, { x: "...rows cols", weight: "cols" });
  if (bias) axes("layerNorm", { weight, bias }, { weight: "cols", bias: "cols" });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += at(x.values, row * cols + j);
    const mean = sum / cols;
    let squares = 0; // of deviations: mean(x²) − mean² cancels where the mean is much larger than the spread
    for (let j = 0; j < cols; j++) squares += (at(x.values, row * cols + j) - mean) ** 2;
    const root = Math.sqrt(squares / cols + eps);
    for (let j = 0; j < cols; j++) {
      const normal = (at(x.values, row * cols + j) - mean) / root;
      y.values[row * cols + j] = normal * at(weight.values, j) + (bias ? at(bias.values, j) : 0);
    }
  }
  return { y };
}

/**
 * The residual add and the layer norm of the sum: `sum = x + residual`, `y = layerNorm(sum)`. Shapes as in {@link
 * layerNorm}.
 */
export function addLayerNorm(
  tensors: { x: Dense; residual: Dense; weight: Dense; bias?: Dense | undefined },
  options: NormOptions,
): { sum: Dense; y: Dense } {
  const checks = { x: tensor, residual: tensor, weight: tensor, bias: optionalTensor };
  const { x, residual, weight, bias } = given("addLayerNorm", tensors, checks);
  axes("addLayerNorm", { x, residual }, { x: "...rows cols", residual: "...rows cols" });
  const sum = add({ a: x, b: residual }).y;
  return { sum, ...layerNorm({ x: sum, weight, bias }, options) };
}
