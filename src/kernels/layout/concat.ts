import type { Gpu } from "../../gpu/gpu.ts";
import { checkOptions, checkValue, listOf } from "../../options/checks.ts";
import { formatShape, resolveAxis, ShapeError, sizeOf } from "../../tensor/shape.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { intoY, optionalTensor } from "../define/arguments.ts";
import { checkInto } from "../define/bindings.ts";
import type { Into } from "../define/kernel.ts";
import { copyTo } from "./copy.ts";

/**
 * Tensors joined along one axis, in the order given, into a new one; a negative axis counts from the last. They may be
 * views, and agree in type and in their other axes, or `ShapeError` is thrown.
 */
export function concat(
  gpu: Gpu,
  tensors: readonly Tensor[],
  axis: number,
  options: Into<{ readonly y: Tensor }> = {},
): Tensor {
  checkValue("concat", "tensors", listOf(optionalTensor), tensors);
  checkOptions("concat", intoY, options);
  const { into } = options;
  const [first] = tensors;
  if (!first) throw new ShapeError("concat: no tensors");
  const at = resolveAxis(axis, first.shape.length, "concat");
  const others = (tensor: Tensor) => formatShape(tensor.shape.map((size, i) => (i === at ? -1 : size)));
  tensors.forEach((tensor, index) => {
    if (tensor.dtype !== first.dtype || others(tensor) !== others(first)) {
      throw new ShapeError(
        `concat: tensor ${index} is ${tensor.dtype} ${formatShape(tensor.shape)}, which does not continue ` +
          `${first.dtype} ${formatShape(first.shape)} along axis ${at}`,
      );
    }
  });
  const shape = first.shape.with(
    at,
    tensors.reduce((sum, tensor) => sum + (tensor.shape[at] ?? 0), 0),
  );
  if (into?.y) {
    checkInto(gpu, "concat: into.y", into.y, shape, { types: [first.dtype], strided: false, segmented: false });
  }
  const y = into?.y ?? empty(gpu, shape, first.dtype, "concat");
  const inner = sizeOf(shape.slice(at + 1));
  const pitch = sizeOf(shape.slice(at));
  return gpu.group({ op: "concat", variant: "copy", options: { axis: at }, by: concat, tensors }, () => {
    let begin = 0;
    for (const tensor of tensors) {
      const run = (tensor.shape[at] ?? 0) * inner;
      copyTo("concat", gpu, tensor, { y, begin, run, pitch });
      begin += run;
    }
    return y;
  });
}
