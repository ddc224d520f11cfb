// Shapes of gradients: rows as a matrix, and sums over repetitions.
import type { Gpu } from "../../../gpu/gpu.ts";
import { asContiguous } from "../../../kernels/layout/contiguous.ts";
import { sum } from "../../../kernels/reduce/reduce.ts";
import { formatShape, type Shape } from "../../../tensor/shape.ts";
import { Tensor } from "../../../tensor/tensor.ts";
import { reshape } from "../../../tensor/views.ts";

/** `[...rows, cols]` as `[rows, cols]`, copied if the view cannot be reshaped. */
export function asMatrix(gpu: Gpu, x: Tensor): Tensor {
  const columns = x.shape.at(-1) ?? 1;
  return reshape(asContiguous(gpu, x), [columns === 0 ? 0 : x.size / columns, columns]);
}

/** A gradient summed over the axes along which an operand of `shape` was repeated. */
export function summedTo(gpu: Gpu, gradient: Tensor, shape: Shape): Tensor {
  if (formatShape(gradient.shape) === formatShape(shape)) return gradient;
  let result = gradient;
  while (result.shape.length > shape.length) result = sum(gpu, { x: result }, { axis: 0 }).y;
  shape.forEach((size, axis) => {
    if (size !== 1 || result.shape[axis] === 1) return;
    const { y } = sum(gpu, { x: result }, { axis });
    result = reshape(y, result.shape.with(axis, 1));
  });
  return result;
}

/** A view of `x` `[...]` that repeats it along a new axis of this length. */
export function repeatedAlong(x: Tensor, axis: number, length: number): Tensor {
  const shape = x.shape.toSpliced(axis, 0, length);
  const segments = x.segments.map((segment) => ({ ...segment, begin: 0, end: shape[0] ?? 1 }));
  return new Tensor(x.gpu, shape, x.dtype, segments, x.strides.toSpliced(axis, 0, 0), x.offset);
}
