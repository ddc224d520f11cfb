import { at, axes, type Dense, dense } from "./dense.ts";

/**
 * Linear layer: `y = x · weightᵀ + bias`, the weight stored one output per row, as checkpoints store it.
 * x `[...rows, k]`, weight `[n, k]`, bias `[n]` (none: 0) → y `[...rows, n]`.
 */
export function matmul({ x, weight, bias }: { x: Dense; weight: Dense; bias?: Dense | undefined }): { y: Dense } {
  const { rows, k, n } = axes("matmul", { x, weight }, { x: "...rows k", weight: "n k" });
  if (bias) axes("matmul", { weight, bias }, { weight: "n k", bias: "n" });
  const y = dense([...x.shape.slice(0, -1), n]);
  for (let row = 0; row < rows; row++) {
    for (let output = 0; output < n; output++) {
      let sum = bias ? at(bias.values, output) : 0;
      for (let i = 0; i < k; i++) sum += at(x.values, row * k + i) * at(weight.values, output * k + i);
      y.values[row * n + output] = sum;
    }
  }
  return { y };
}
