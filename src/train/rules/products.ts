import type { Gpu } from "../../gpu/gpu.ts";
import { add } from "../../kernels/elementwise/elementwise.ts";
import { gemm } from "../../kernels/gemm/gemm.ts";
import type { GemmOptions, GemmResult, GemmTensors } from "../../kernels/gemm/problem.ts";
import type { MatmulOptions, MatmulResult, MatmulTensors } from "../../kernels/matmul/linear.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { columnSums } from "../../kernels/reduce/column-sums.ts";
import { rowBlocks } from "../../tensor/row-blocks.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";
import { GradientError } from "../errors.ts";
import { ruleOf } from "../rule.ts";
import { asMatrix, summedTo } from "./shapes.ts";
import { asFloats } from "./stored-weights.ts";

/** dx `[rows, k]` = dy · weight, whatever it is stored in, summed over the segments of the weight in their order. */
function inputGradient(gpu: Gpu, dy: Tensor, weight: Tensor): Tensor {
  if (weight.dtype !== "f32" && weight.dtype !== "f16") return gemm(gpu, { a: dy, b: asFloats(gpu, weight) }).y;
  return rowBlocks(weight)
    .map(({ begin, end, rows }) => gemm(gpu, { a: slice(dy, 1, begin, end), b: rows }).y)
    .reduce((total, part) => add(gpu, { a: total, b: part }).y);
}

/** dweight `[n, k]` = dyᵀ · x, in the segments of the weight. */
function weightGradient(gpu: Gpu, dy: Tensor, x: Tensor, weight: Tensor): Tensor {
  const parts = rowBlocks(weight).map(({ begin, end }) => {
    const { storage } = gemm(gpu, { a: transpose(slice(dy, 1, begin, end)), b: x }).y;
    return { storage, begin, end };
  });
  return new Tensor(gpu, weight.shape, "f32", parts);
}

/** y = x · weightᵀ + bias: dx = dy · weight, dweight = dyᵀ · x, dbias the sum of dy over rows. */
export const matmulRule = ruleOf<MatmulTensors, MatmulResult, MatmulOptions>(
  matmul,
  (gpu, { tensors: { x, weight, bias }, gradient, needs }) => {
    if (!gradient.y) return {};
    const dy = asMatrix(gpu, gradient.y);
    return {
      x: needs.has("x") ? reshape(inputGradient(gpu, dy, weight), x.shape) : undefined,
      weight: needs.has("weight") ? weightGradient(gpu, dy, asMatrix(gpu, x), weight) : undefined,
      bias: bias && needs.has("bias") ? columnSums(gpu, { x: dy }).y : undefined,
    };
  },
);

/** y = a · b + bias: da = dy · bᵀ, db = aᵀ · dy, summed over batches that were repeated. */
export const gemmRule = ruleOf<GemmTensors, GemmResult, GemmOptions>(
  gemm,
  (gpu, { tensors: { a, b, bias }, options: { activation }, gradient, needs }) => {
    if (activation)
      throw new GradientError(`gradients: gemm with ${activation} has no rule; call the activation apart`);
    const dy = gradient.y;
    if (!dy) return {};
    return {
      a: needs.has("a") ? summedTo(gpu, gemm(gpu, { a: dy, b: transpose(b) }).y, a.shape) : undefined,
      b: needs.has("b") ? summedTo(gpu, gemm(gpu, { a: transpose(a), b: dy }).y, b.shape) : undefined,
      bias: bias && needs.has("bias") ? columnSums(gpu, { x: asMatrix(gpu, dy) }).y : undefined,
    };
  },
);
