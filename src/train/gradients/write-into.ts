import type { Gpu } from "../../gpu/gpu.ts";
import { copyTo } from "../../kernels/layout/copy.ts";
import { Tensor } from "../../tensor/tensor.ts";

interface Axis {
  readonly size: number;
  /** Strides in the numbers and in the view. */
  readonly from: number;
  readonly to: number;
}

/** A view of the memory of `x` with these axes. */
function along(x: Tensor, axes: readonly Axis[], offset: number): Tensor {
  const shape = axes.map(({ size }) => size);
  const segments = x.segments.map((segment) => ({ ...segment, begin: 0, end: shape[0] ?? 1 }));
  const strides = axes.map(({ from }) => from);
  return new Tensor(x.gpu, shape, x.dtype, segments, strides, offset);
}

/**
 * Writes f32 numbers, which may be a view, into a view of their shape; the rest of its memory stays unchanged. A copy
 * writes runs of consecutive elements one pitch apart; other views take several copies.
 */
export function writeInto(gpu: Gpu, x: Tensor, view: Tensor): void {
  if (x.size === 0) return;
  const outer: Axis[] = view.shape
    .map((size, axis) => ({ size, from: x.strides[axis] ?? 0, to: view.strides[axis] ?? 0 }))
    .filter(({ size }) => size > 1)
    .sort((a, b) => b.to - a.to);
  const inner: Axis[] = [];
  let run = 1;
  while (outer.at(-1)?.to === run) {
    const axis = outer.pop() as Axis;
    inner.unshift(axis);
    run *= axis.size;
  }
  const pitch = outer.at(-1)?.to ?? run;
  let next = pitch;
  while (outer.at(-1)?.to === next) {
    const axis = outer.pop() as Axis;
    inner.unshift(axis);
    next *= axis.size;
  }
  const elements = view.storage.bytes / 4;
  const memory = new Tensor(gpu, [elements], "f32", [{ storage: view.storage, begin: 0, end: elements }]);
  const visit = ([axis, ...rest]: readonly Axis[], from: number, to: number): void => {
    if (!axis) {
      copyTo("gradients", gpu, along(x, inner, from), { y: memory, begin: to, run, pitch });
      return;
    }
    for (let i = 0; i < axis.size; i++) visit(rest, from + i * axis.from, to + i * axis.to);
  };
  visit(outer, x.offset, view.offset);
}
