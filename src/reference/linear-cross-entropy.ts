import { type CrossEntropyOptions, crossEntropy, crossEntropyBackward } from "./cross-entropy.ts";
import type { Dense } from "./dense.ts";
import { gemm } from "./gemm.ts";
import { given, tensor } from "./given.ts";
import { transpose } from "./layout.ts";
import { matmul } from "./matmul.ts";

/**
 * Cross-entropy of `x · weightᵀ` with target tokens. x `[rows, c]`, weight `[v, c]`, targets `[rows]` → losses and lse
 * `[rows]`, loss and count `[1]`, as of {@link crossEntropy}.
 */
export function linearCrossEntropy(
  tensors: { x: Dense; weight: Dense; targets: Dense },
  chosen: CrossEntropyOptions = {},
): { losses: Dense; lse: Dense; loss: Dense; count: Dense } {
  const { x, weight, targets } = given("linearCrossEntropy", tensors, { x: tensor, weight: tensor, targets: tensor });
  return crossEntropy({ logits: matmul({ x, weight }).y, targets }, chosen);
}

/**
 * The gradients of {@link linearCrossEntropy}: `dx = dz · weight`, `dweight = dzᵀ · x` with dz that of the logits. lse
 * `[rows]` and count `[1]` as it gives them, dloss `[1]` → dx `[rows, c]`, dweight `[v, c]`.
 */
export function linearCrossEntropyBackward(
  tensors: { x: Dense; weight: Dense; targets: Dense; lse: Dense; count: Dense; dloss: Dense },
  chosen: CrossEntropyOptions = {},
): { dx: Dense; dweight: Dense } {
  const checks = { x: tensor, weight: tensor, targets: tensor, lse: tensor, count: tensor, dloss: tensor };
  const { x, weight, ...rest } = given("linearCrossEntropyBackward", tensors, checks);
  const { dlogits } = crossEntropyBackward({ ...rest, logits: matmul({ x, weight }).y }, chosen);
  return {
    dx: gemm({ a: dlogits, b: weight }).y,
    dweight: gemm({ a: transpose({ x: dlogits }, { order: [1, 0] }).y, b: x }).y,
  };
}
