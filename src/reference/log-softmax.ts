import { at, axes, type Dense, dense } from "./dense.ts";
import { given, tensor } from "./given.ts";

/**
 * The logarithm of softmax over the last axis: `y = x − max − log Σ exp(x − max)`. x `[...rows, cols]` → y like x. A row of
 * only −∞ stays one; a row that contains a NaN or a +∞ gives NaN in every element.
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
