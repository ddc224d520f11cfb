import source from "#shaders/matmul/heads.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { formatShape, ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoY, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";

const fields = tensorFields("x", "weight");

const kernel = defineKernel({
  name: "matmul/heads",
  source,
  inputs: { x: "[rows, h, k]", weight: "[h, n, k]" },
  outputs: { y: "[rows, h, n]" },
  strided: ["x", "weight"],
  params: ({ rows, h, k, n }, _options: object, { strides, offsets }) => {
    const [row = 0, head = 0] = strides["x"] ?? [];
    const [weightHead = 0, column = 0, i = 0] = strides["weight"] ?? [];
    return {
      size: rows * h * n,
      h,
      k,
      n,
      x_first: offsets["x"] ?? 0,
      x_row: row,
      x_head: head,
      weight_first: offsets["weight"] ?? 0,
      weight_head: weightHead,
      weight_column: column,
      weight_i: i,
    };
  },
  threads: ({ rows, h, n }) => rows * h * n,
  cost: ({ rows, h, k, n }) => ({ flops: 2 * rows * h * n * k, requestedBytes: 4 * rows * h * n * (2 * k + 1) }),
});

/**
 * A linear layer for each head, `y[row, h] = x[row, h] · weight[h]ᵀ`: x `[rows, h, k]`, weight `[h, n, k]` → y `[rows,
 * h, n]`. Both may be views; the last axis of x must be contiguous. Throws `ShapeError` for shapes that do not fit.
 */
export function headMatmul(
  gpu: Gpu,
  tensors: { readonly x: Tensor; readonly weight: Tensor },
  options: Into<{ readonly y: Tensor }> = {},
): { readonly y: Tensor } {
  checkCall("headMatmul", fields, tensors, intoY, options);
  const { strides, shape } = tensors.x;
  if ((shape[2] ?? 1) > 1 && strides[2] !== 1) {
    throw new ShapeError(`matmul/heads: x has strides ${formatShape(strides)}, expected 1 for its last axis`);
  }
  const heading = { op: "matmul/heads", variant: "matmul/heads", options: {}, by: headMatmul, tensors };
  return gpu.group(heading, () => kernel(gpu, tensors, options));
}
