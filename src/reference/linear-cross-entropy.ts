import { type CrossEntropyOptions, crossEntropy, crossEntropyBackward } from "./cross-entropy.ts";
import type { Dense } from "./dense.ts";
import { gemm } from "./gemm.ts";
import { given, optionalTensor, tensor } from "./given.ts";
import { transpose } from "./layout.ts";
import { matmul } from "./matmul.ts";
import { sum } from "./reduce.ts";

/**
 * Cross-entropy of `x · weightᵀ + bias` with target tokens. x `[rows, c]`, weight `[v, c]`, bias `[v]`, targets `[rows]` →
 * losses and lse `[rows]`, loss and count `[1]`, as of {@link crossEntropy}.
 */
export function linearCrossEntropy(
  tensors: { x: Dense; weight: Dense; bias?: Dense | undefined; targets: Dense },
  chosen: CrossEntropyOptions = {},
): { losses: Dense; lse: Dense; loss: Dense; count: Dense } {
  const checks = { x: tensor, weight: tensor, bias: optionalTensor, targets: tensor };
  const { targets, ...product } = given("linearCrossEntropy", tensors, checks);
  return crossEntropy({ logits: matmul(product).y, targets }, chosen);
}

/**
 * The gradients of {@link linearCrossEntropy}: `dx = dz · weight`, `dweight = dzᵀ · x` and dbias the sums of dz over rows,
 * with dz that of the logits. lse `[rows]` and count `[1]` as it gives them, dloss `[1]` → dx `[rows, c]`, dweight `[v, c]`,
 * dbias `[v]` where there is a bias.
 */
export function linearCrossEntropyBackward(
  tensors: {
    x: Dense;
    weight: Dense;
    bias?: Dense | undefined;
    targets: Dense;
    lse: Dense;
    count: Dense;
    dloss: Dense;
  },
  chosen: CrossEntropyOptions = {},
): { dx: Dense; dweight: Dense; dbias?: Dense } {
  const checks = {
    x: tensor,
    weight: tensor,
    bias: optionalTensor,
    targets: tensor,
    lse: tensor,
    count: tensor,
    dloss: tensor,
  };
  const { x, weight, bias, ...rest } = given("linearCrossEntropyBackward", tensors, checks);
  const { dlogits } = crossEntropyBackward({ ...rest, logits: matmul({ x, weight, bias }).y }, chosen);
  return {
    dx: gemm({ a: dlogits, b: weight }).y,
    dweight: gemm({ a: transpose({ x: dlogits }, { order: [1, 0] }).y, b: x }).y,
    ...(bias && { dbias: sum({ x: dlogits }, { axis: 0 }).y }),
  };
}
