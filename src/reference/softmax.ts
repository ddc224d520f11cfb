import { given, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense } from "./dense.ts";

/**
 * Softmax over the last axis: `y = exp(x − max) / Σ exp(x − max)`. x `[...rows, cols]` → y like x.
 *
 * A row of only −∞ (all masked) gives zeros. A row that contains a NaN or a +∞ gives NaN in every element, since its
 * sum is NaN.
 */
export function softmax(tensors: { x: Dense }): { y: Dense } {
  const { x } = given("softmax", tensors, { x: tensor });
  const { rows, cols } = axes("softmax", { x }, { x: "...rows cols" });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    let max = Number.NEGATIVE_INFINITY;
    for (let j = 0; j < cols; j++) max = Math.max(max, at(x.values, row * cols + j)); // NaN when one is
    if (max === Number.NEGATIVE_INFINITY) continue; // y starts as zeros
    let sum = 0;
    for (let j = 0; j < cols; j++) sum += Math.exp(at(x.values, row * cols + j) - max);
    for (let j = 0; j < cols; j++) y.values[row * cols + j] = Math.exp(at(x.values, row * cols + j) - max) / sum;
  }
  return { y };
}

/**
 * The logarithm of softmax over the last axis: `y = x − max − log Σ exp(x − max)`. x `[...rows, cols]` → y like x. A
 * row of only −∞ stays one; a row that contains a NaN or a +∞ gives NaN in every element.
 */
export function logSoftmax(tensors: { x: Dense }): { y: Dense } {
  const { x } = given("logSoftmax", tensors, { x: tensor });
  const { rows, cols } = axes("logSoftmax", { x }, { x: "...rows cols" });
  const y = dense(x.shape);
  for (let row = 0; row < rows; row++) {
    const own = x.values.subarray(row * cols, (row + 1) * cols);
    const most = own.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY); // NaN where one is
    const sum = own.reduce((total, value) => total + Math.exp(value - most), 0);
    for (let j = 0; j < cols; j++) {
      y.values[row * cols + j] = most === Number.NEGATIVE_INFINITY ? most : at(own, j) - most - Math.log(sum);
    }
  }
  return { y };
}

/**
 * Gradient of {@link logSoftmax} from its result: `dx = dy − exp(y) · Σ dy`, the sum over the last axis. y and dy
 * `[...rows, cols]` → dx like y.
 */
export function logSoftmaxBackward(tensors: { y: Dense; dy: Dense }): { dx: Dense } {
  const { y, dy } = given("logSoftmaxBackward", tensors, { y: tensor, dy: tensor });
  const pattern = "...rows cols";
  const { rows, cols } = axes("logSoftmaxBackward", { y, dy }, { y: pattern, dy: pattern });
  const dx = dense(y.shape);
  for (let row = 0; row < rows; row++) {
    const sum = dy.values.subarray(row * cols, (row + 1) * cols).reduce((total, value) => total + value, 0);
    for (let i = row * cols; i < (row + 1) * cols; i++) {
      dx.values[i] = at(dy.values, i) - Math.exp(at(y.values, i)) * sum;
    }
  }
  return { dx };
}

/**
 * Gradient of softmax from its result: `dx = y · (dy − Σ y · dy)`, the sum over the last axis. y and dy `[...rows,
 * cols]` → dx like y. Where y is 0, as where a mask hides an element, dy never contributes.
 */
export function softmaxBackward(tensors: { y: Dense; dy: Dense }): { dx: Dense } {
  const { y, dy } = given("softmaxBackward", tensors, { y: tensor, dy: tensor });
  const pattern = "...rows cols";
  const { rows, cols } = axes("softmaxBackward", { y, dy }, { y: pattern, dy: pattern });
  const dx = dense(y.shape);
  for (let row = 0; row < rows; row++) {
    const live = (i: number) => at(y.values, i) !== 0; // of NaN too
    let sum = 0;
    for (let i = row * cols; i < (row + 1) * cols; i++) if (live(i)) sum += at(y.values, i) * at(dy.values, i);
    for (let i = row * cols; i < (row + 1) * cols; i++) {
      if (live(i)) dx.values[i] = at(y.values, i) * (at(dy.values, i) - sum);
    }
  }
  return { dx };
}
