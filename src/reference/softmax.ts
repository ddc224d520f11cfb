import { at, axes, type Dense, dense } from "./dense.ts";
import { given, tensor } from "./given.ts";

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
