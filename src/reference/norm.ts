import { atLeast, type Checks, required } from "../options/checks.ts";
import { given, optionalTensor, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense, dot } from "./dense.ts";
import { add } from "./elementwise.ts";

/** Added to the mean square or the variance under the root. */
export interface NormOptions {
  eps: number;
}

/** Checks of a norm's options. */
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

/** Keeps a row of zeros finite; default 10⁻¹². */
export interface L2Options {
  eps?: number;
}

const choices = { eps: atLeast(0) };
const pattern = "...rows cols";

const lengthOf = (x: Dense, row: number, cols: number, eps = 1e-12) =>
  Math.sqrt(dot(x.values, row * cols, x.values, row * cols, cols) + eps ** 2);

/** Rows of length 1: `y = x / √(Σ x² + eps²)`. x `[...rows, cols]` → y like x. */
export function l2Normalise(tensors: { x: Dense }, options: L2Options = {}): { y: Dense } {
  const { x } = given("l2Normalise", tensors, { x: tensor });
  const { eps } = given("l2Normalise", options, choices);
  const { rows, cols } = axes("l2Normalise", { x }, { x: pattern });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    const length = lengthOf(x, row, cols, eps);
    for (let j = 0; j < cols; j++) y.values[row * cols + j] = at(x.values, row * cols + j) / length;
  }
  return { y };
}

/**
 * Gradient of {@link l2Normalise}: `dx = (dy − y · Σ y · dy) / length`, with `length = √(Σ x² + eps²)` and `y = x /
 * length`. x and dy `[...rows, cols]` → dx like x.
 */
export function l2NormaliseBackward(tensors: { x: Dense; dy: Dense }, options: L2Options = {}): { dx: Dense } {
  const { x, dy } = given("l2NormaliseBackward", tensors, { x: tensor, dy: tensor });
  const { eps } = given("l2NormaliseBackward", options, choices);
  const { rows, cols } = axes("l2NormaliseBackward", { x, dy }, { x: pattern, dy: pattern });
  const { y } = l2Normalise({ x }, options);
  const dx = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    const length = lengthOf(x, row, cols, eps);
    const along = dot(y.values, row * cols, dy.values, row * cols, cols);
    for (let j = row * cols; j < (row + 1) * cols; j++) {
      dx.values[j] = (at(dy.values, j) - at(y.values, j) * along) / length;
    }
  }
  return { dx };
}

interface Tensors {
  x: Dense;
  weight: Dense;
  dy: Dense;
  dsum?: Dense | undefined;
}

/** The mean that a norm subtracts from a row, and the root that it divides by. */
type Statistics = (element: (j: number) => number, cols: number) => { mean: number; root: number };

const meanOf = (element: (j: number) => number, cols: number): number => {
  let sum = 0;
  for (let j = 0; j < cols; j++) sum += element(j);
  return sum / cols;
};

/**
 * The gradients of RMS norm: with `root = sqrt(mean(x²) + eps)`, `n = x / root` and `g = dy · weight`,
 * `dx = (g − n · mean(g · n)) / root + dsum` and `dweight = Σ dy · n` over all rows (Zhang and Sennrich 2019, section
 * 4). x, dy and dsum `[...rows, cols]`, weight `[cols]` (dsum: the gradient of x from elsewhere; none: 0) → dx like x,
 * dweight `[cols]`.
 */
export function rmsNormBackward(tensors: Tensors, options: NormOptions): { dx: Dense; dweight: Dense } {
  const { eps } = given("rmsNormBackward", options, normOptions);
  const { dx, dweight } = backward("rmsNormBackward", tensors, false, (element, cols) => ({
    mean: 0,
    root: Math.sqrt(meanOf((j) => element(j) ** 2, cols) + eps),
  }));
  return { dx, dweight };
}

/**
 * The gradients of layer norm: with `root = sqrt(variance + eps)`, `n = (x − mean) / root` and `g = dy · weight`,
 * `dx = (g − mean(g) − n · mean(g · n)) / root + dsum`, and over all rows `dweight = Σ dy · n` and `dbias = Σ dy`.
 * Shapes as in {@link rmsNormBackward}.
 */
export function layerNormBackward(tensors: Tensors, options: NormOptions): { dx: Dense; dweight: Dense; dbias: Dense } {
  const { eps } = given("layerNormBackward", options, normOptions);
  return backward("layerNormBackward", tensors, true, (element, cols) => {
    const mean = meanOf(element, cols);
    return { mean, root: Math.sqrt(meanOf((j) => (element(j) - mean) ** 2, cols) + eps) };
  });
}

/** The gradients of a norm with these statistics, whose mean depends on the row where it is `centred`. */
function backward(operation: string, tensors: Tensors, centred: boolean, statistics: Statistics) {
  const checks = { x: tensor, weight: tensor, dy: tensor, dsum: optionalTensor };
  const { x, weight, dy, dsum } = given(operation, tensors, checks);
  const pattern = "...rows cols";
  const { rows, cols } = axes(operation, { x, dy, weight }, { x: pattern, dy: pattern, weight: "cols" });
  if (dsum) axes(operation, { x, dsum }, { x: pattern, dsum: pattern });
  const [dx, dweight, dbias] = [dense(x.shape), dense([cols]), dense([cols])];
  for (let row = 0; row < rows; row++) {
    const { mean, root } = statistics((j) => at(x.values, row * cols + j), cols);
    const n = (j: number) => (at(x.values, row * cols + j) - mean) / root;
    const g = (j: number) => at(dy.values, row * cols + j) * at(weight.values, j);
    const along = meanOf((j) => g(j) * n(j), cols);
    const across = centred ? meanOf(g, cols) : 0;
    for (let j = 0; j < cols; j++) {
      const i = row * cols + j;
      dx.values[i] = (g(j) - across - n(j) * along) / root + (dsum ? at(dsum.values, i) : 0);
      dweight.values[j] = at(dweight.values, j) + at(dy.values, i) * n(j);
      dbias.values[j] = at(dbias.values, j) + at(dy.values, i);
    }
  }
  return { dx, dweight, dbias };
}
