import type { Gpu } from "../../gpu/gpu.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { checkInto } from "../bindings.ts";
import type { Into } from "../kernel.ts";
import { copyTo } from "./copy.ts";
import { axesWalked, walkOver } from "./walk.ts";

/**
 * A copy of `x`, a view of any type and strides, whose elements lie one after another in index order: what kernels that
 * take no views need. It is a copy also where `x` has no gaps, so that disposing one leaves the other.
 */
export function contiguous(
  gpu: Gpu,
  { x }: { readonly x: Tensor },
  { into }: Into<{ readonly y: Tensor }> = {},
): { readonly y: Tensor } {
  if (into?.y) {
    checkInto(gpu, "contiguous: into.y", into.y, x.shape, { types: [x.dtype], strided: false, segmented: false });
  }
  const y = into?.y ?? empty(gpu, x.shape, x.dtype, "contiguous");
  gpu.group("contiguous", "copy", {}, () => {
    let begin = 0;
    for (const piece of pieces(x)) {
      copyTo("contiguous", gpu, piece, { y, begin, run: piece.size, pitch: piece.size });
      begin += piece.size;
    }
  });
  return { y };
}

/** Views that follow one another in index order, each of no more axes than a kernel walks. */
function pieces(x: Tensor): Tensor[] {
  if (walkOver(x.shape, { x }).axes.length <= axesWalked) return [x];
  const axis = x.shape.findIndex((size) => size > 1);
  return Array.from({ length: x.shape[axis] ?? 0 }, (_, i) => slice(x, axis, i, i + 1)).flatMap(pieces);
}
