import type { Gpu } from "../../gpu/gpu.ts";
import { gemm } from "../../kernels/gemm/gemm.ts";
import type { GemmOptions, GemmResult, GemmTensors } from "../../kernels/gemm/problem.ts";
import type { MatmulOptions, MatmulResult, MatmulTensors } from "../../kernels/matmul/linear.ts";
import { matmul } from "../../kernels/matmul/matmul.ts";
import { columnSums } from "../../kernels/reduce/column-sums.ts";
import { type RowBlock, rowBlocks } from "../../tensor/row-blocks.ts";
import { broadcastShapes, formatShape } from "../../tensor/shape.ts";
import { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice, transpose } from "../../tensor/views.ts";
import { GradientError } from "../errors.ts";
import { type Destination, ruleOf } from "../rule.ts";
import { asMatrix, summedTo } from "./shapes.ts";
import { asFloats } from "./stored-weights.ts";

/** A product where it belongs, or in memory of its own. */
function placed(gpu: Gpu, product: GemmTensors, at: Destination | undefined): Tensor {
  const { y } = gemm(gpu, product, at ? { into: { y: at.y }, accumulate: at.accumulate } : {});
  return at?.y ?? y;
}

/** dx `[rows, k]` = dy · weight, whatever it is stored in, summed over the segments of the weight in their order. */
function inputGradient(gpu: Gpu, dy: Tensor, weight: Tensor, at: Destination | undefined): Tensor {
  const isRead = weight.dtype === "f32" || weight.dtype === "f16";
  const [first, ...others] = rowBlocks(isRead ? weight : asFloats(gpu, weight));
  const product = ({ begin, end, rows }: RowBlock) => ({ a: slice(dy, 1, begin, end), b: rows });
  const y = placed(gpu, product(first as RowBlock), at);
  for (const block of others) placed(gpu, product(block), { y, accumulate: true });
  return y;
}

/** dweight `[n, k]` = dyᵀ · x, in the segments of the weight. */
function weightGradient(gpu: Gpu, dy: Tensor, x: Tensor, weight: Tensor, at: Destination | undefined): Tensor {
  if (at) return placed(gpu, { a: transpose(dy), b: x }, at);
  const parts = rowBlocks(weight).map(({ begin, end }) => {
    const { storage } = gemm(gpu, { a: transpose(slice(dy, 1, begin, end)), b: x }).y;
    return { storage, begin, end };
  });
  return new Tensor(gpu, weight.shape, "f32", parts);
}

/** y = x · weightᵀ + bias: dx = dy · weight, dweight = dyᵀ · x, dbias the sum of dy over rows. */
export const matmulRule = ruleOf<MatmulTensors, MatmulResult, MatmulOptions>(
  matmul,
  (gpu, { tensors: { x, weight, bias }, gradient, needs, destination }) => {
    if (!gradient.y) return {};
    const dy = asMatrix(gpu, gradient.y);
    const at = destination("x");
    const dx = needs.has("x") ? inputGradient(gpu, dy, weight, at && { ...at, y: asMatrix(gpu, at.y) }) : undefined;
    return {
      x: at?.y ?? (dx && reshape(dx, x.shape)),
      weight: needs.has("weight")
        ? weightGradient(gpu, dy, asMatrix(gpu, x), weight, destination("weight"))
        : undefined,
      bias: bias && needs.has("bias") ? columnSums(gpu, { x: dy }).y : undefined,
    };
  },
);

/** The gradient of an operand: a product, summed over batches that were repeated. */
function operandGradient(gpu: Gpu, product: GemmTensors, { shape }: Tensor, at: Destination | undefined): Tensor {
  const batch = broadcastShapes(product.a.shape.slice(0, -2), product.b.shape.slice(0, -2), "gradients");
  const isWhole = formatShape(batch) === formatShape(shape.slice(0, -2));
  return isWhole ? placed(gpu, product, at) : summedTo(gpu, gemm(gpu, product).y, shape);
}

/** y = a · b + bias: da = dy · bᵀ, db = aᵀ · dy, summed over batches that were repeated. */
export const gemmRule = ruleOf<GemmTensors, GemmResult, GemmOptions>(
  gemm,
  (gpu, { tensors: { a, b, bias }, options: { activation, accumulate }, gradient, needs, destination }) => {
    if (activation)
      throw new GradientError(`gradients: gemm with ${activation} has no rule; call the activation apart`);
    if (accumulate) throw new GradientError("gradients: gemm that adds to into.y has no rule; add its result apart");
    const dy = gradient.y;
    if (!dy) return {};
    return {
      a: needs.has("a") ? operandGradient(gpu, { a: dy, b: transpose(b) }, a, destination("a")) : undefined,
      b: needs.has("b") ? operandGradient(gpu, { a: transpose(a), b: dy }, b, destination("b")) : undefined,
      bias: bias && needs.has("bias") ? columnSums(gpu, { x: asMatrix(gpu, dy) }).y : undefined,
    };
  },
);
