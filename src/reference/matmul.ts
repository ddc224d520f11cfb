import { at, axes, type Dense, dense, dot } from "./dense.ts";
import { given, optionalTensor, tensor } from "./given.ts";

/**
 * Linear layer: `y = x · weightᵀ + bias`, the weight stored one output per row, as checkpoints store it.
 * x `[...rows, k]`, weight `[n, k]`, bias `[n]` (none: 0) → y `[...rows, n]`.
 */
export function matmul(tensors: { x: Dense; weight: Dense; bias?: Dense | undefined }): { y: Dense } {
  const { x, weight, bias } = given("matmul", tensors, { x: tensor, weight: tensor, bias: optionalTensor });
  const { rows, k, n } = axes("matmul", { x, weight }, { x: "...rows k", weight: "n k" });
  if (bias) axes("matmul", { weight, bias }, { weight: "n k", bias: "n" });
  const y = dense([...x.shape.slice(0, -1), n]);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < n; output++) {
      const product = dot(x.values, row * k, weight.values, output * k, k);
      y.values[row * n + output] = product + (bias ? at(bias.values, output) : 0);
    }
  }
  return { y };
}
