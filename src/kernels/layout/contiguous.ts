import type { Gpu } from "../../gpu/gpu.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { checkCall, intoY, onlyX } from "../define/arguments.ts";
import { checkInto } from "../define/bindings.ts";
import type { Into } from "../define/kernel.ts";
import { copyTo } from "./copy.ts";
import { axesWalked, walkOver } from "./walk.ts";

/**
 * A contiguous copy of `x`, a view of any type and strides, for kernels that accept no views. It is a copy even where
 * `x` is contiguous, so that either can be disposed.
 */
export function contiguous(
  gpu: Gpu,
  tensors: { readonly x: Tensor },
  options: Into<{ readonly y: Tensor }> = {},
): { readonly y: Tensor } {
  checkCall("contiguous", onlyX, tensors, intoY, options);
  const { x } = tensors;
  const { into } = options;
  if (into?.y) {
    checkInto(gpu, "contiguous: into.y", into.y, x.shape, { types: [x.dtype], strided: false, segmented: false });
  }
  const y = into?.y ?? empty(gpu, x.shape, x.dtype, "contiguous");
  return gpu.group({ op: "contiguous", variant: "copy", options: {}, by: contiguous, tensors }, () => {
    let begin = 0;
    for (const piece of pieces(x)) {
      copyTo("contiguous", gpu, piece, { y, begin, run: piece.size, pitch: piece.size });
      begin += piece.size;
    }
    return { y };
  });
}

/** `x` itself, or a copy of a view that skips elements: many kernels take no other. */
export const asContiguous = (gpu: Gpu, x: Tensor): Tensor => (x.contiguous ? x : contiguous(gpu, { x }).y);

/** Consecutive views in index order, each with at most as many axes as a kernel walks. */
function pieces(x: Tensor): Tensor[] {
  if (walkOver(x.shape, { x }).axes.length <= axesWalked) return [x];
  const axis = x.shape.findIndex((size) => size > 1);
  return Array.from({ length: x.shape[axis] ?? 0 }, (_, i) => slice(x, axis, i, i + 1)).flatMap(pieces);
}
