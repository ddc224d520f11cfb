import type { Gpu } from "../../../gpu/gpu.ts";
import { gather } from "../../../kernels/embedding/gather.ts";
import { gemm } from "../../../kernels/gemm/gemm.ts";
import type { GemmOptions, GemmResult, GemmTensors } from "../../../kernels/gemm/problem.ts";
import type { MatmulOptions, MatmulResult, MatmulTensors } from "../../../kernels/matmul/linear.ts";
import { matmul } from "../../../kernels/matmul/matmul.ts";
import { columnSums } from "../../../kernels/reduce/column-sums.ts";
import { broadcastShapes, formatShape } from "../../../tensor/shape.ts";
import { Tensor, upload } from "../../../tensor/tensor.ts";
import { type RowBlock, reshape, rowBlocks, slice, transpose } from "../../../tensor/views.ts";
import { type Destination, GradientError, ruleOf } from "../rule.ts";
import { asMatrix, summedTo } from "./shapes.ts";

/** The numbers 0 to n − 1, cached by n, since every recording of a device reads the same. */
const counted = new WeakMap<Gpu, Map<number, Tensor>>();

function countTo(gpu: Gpu, count: number): Tensor {
  const known = counted.get(gpu) ?? new Map<number, Tensor>();
  counted.set(gpu, known);
  const numbers = Uint32Array.from({ length: count }, (_, i) => i);
  const found = known.get(count) ?? gpu.unscoped(() => upload(gpu, [count], "u32", numbers, "rows"));
  known.set(count, found);
  return found;
}

/** A weight `[n, k]` of any format as f32: all rows gathered in order, as from a table. */
export const asFloats = (gpu: Gpu, weight: Tensor): Tensor =>
  gather(gpu, { ids: countTo(gpu, weight.shape[0] ?? 0), table: weight }).y;

/** A product in its destination, or in new memory. */
function placed(gpu: Gpu, product: GemmTensors, at: Destination | undefined): Tensor {
  const { y } = gemm(gpu, product, at ? { into: { y: at.y }, accumulate: at.accumulate } : {});
  return at?.y ?? y;
}

/** dx `[rows, k]` = dy · weight, for any storage format, summed over the segments of the weight in order. */
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

/** The gradient of an operand: a product, summed over repeated batches. */
function operandGradient(gpu: Gpu, product: GemmTensors, { shape }: Tensor, at: Destination | undefined): Tensor {
  const batch = broadcastShapes(product.a.shape.slice(0, -2), product.b.shape.slice(0, -2), "gradients");
  const isWhole = formatShape(batch) === formatShape(shape.slice(0, -2));
  return isWhole ? placed(gpu, product, at) : summedTo(gpu, gemm(gpu, product).y, shape);
}

/** y = a · b + bias: da = dy · bᵀ, db = aᵀ · dy, summed over repeated batches. */
export const gemmRule = ruleOf<GemmTensors, GemmResult, GemmOptions>(
  gemm,
  (gpu, { tensors: { a, b, bias }, options: { activation, accumulate }, gradient, needs, destination }) => {
    if (activation) throw new GradientError(`gradients: gemm with ${activation} has no rule; call the activation op`);
    if (accumulate) throw new GradientError("gradients: gemm that adds to into.y has no rule; call add");
    const dy = gradient.y;
    if (!dy) return {};
    return {
      a: needs.has("a") ? operandGradient(gpu, { a: dy, b: transpose(b) }, a, destination("a")) : undefined,
      b: needs.has("b") ? operandGradient(gpu, { a: transpose(a), b: dy }, b, destination("b")) : undefined,
      bias: bias && needs.has("bias") ? columnSums(gpu, { x: asMatrix(gpu, dy) }).y : undefined,
    };
  },
);
