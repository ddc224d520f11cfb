import { hadamard } from "../../../kernels/kv-cache/hadamard.ts";
import { concat } from "../../../kernels/layout/concat.ts";
import { contiguous } from "../../../kernels/layout/contiguous.ts";
import { mean, sum } from "../../../kernels/reduce/reduce.ts";
import { type RopeOptions, type RopeTensors, rope } from "../../../kernels/rope/rope.ts";
import { resolveAxis } from "../../../tensor/shape.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { slice } from "../../../tensor/views.ts";
import { type ForwardCall, ruleOf } from "../rule.ts";
import { scaled } from "./elementwise.ts";
import { repeatedAlong } from "./shapes.ts";

type OfX = { readonly x: Tensor };
type Y = { readonly y: Tensor };

/** A copy: dx = dy. */
export const contiguousRule = ruleOf<OfX, Y>(contiguous, (_gpu, { gradient: { y: dy } }) => ({ x: dy }));

/** Each tensor gets its part of dy. */
export const concatRule = ruleOf<readonly Tensor[], Y, { readonly axis: number }>(
  concat as never,
  (_gpu, { tensors, options: { axis }, gradient: { y: dy } }) => {
    if (!dy) return {};
    let begin = 0;
    const parts = tensors.map((tensor, i) => {
      const end = begin + (tensor.shape[axis] ?? 0);
      const part = slice(dy, axis, begin, end);
      begin = end;
      return [String(i), part];
    });
    return Object.fromEntries(parts);
  },
);

/** dy for every element of the axis. */
const repeated = ({ tensors: { x }, options: { axis }, gradient: { y: dy } }: ForwardCall<OfX, Axis, Y>) => {
  const at = resolveAxis(axis, x.shape.length, "gradients");
  return { dy: dy && repeatedAlong(dy, at, x.shape[at] ?? 1), length: x.shape[at] ?? 1 };
};

type Axis = { readonly axis: number };

/** Every element of the axis gets dy. */
export const sumRule = ruleOf<OfX, Y, Axis>(sum, (_gpu, call) => ({ x: repeated(call).dy }));

/** Every one of n elements of the axis gets dy / n. */
export const meanRule = ruleOf<OfX, Y, Axis>(mean, (gpu, call) => {
  const { dy, length } = repeated(call);
  return { x: dy && scaled(gpu, dy, 1 / length) };
});

/** A rotation's transpose is the rotation back. */
export const ropeRule = ruleOf<RopeTensors, Y, RopeOptions>(rope, (gpu, { tensors, options, gradient: { y: dy } }) => {
  const { x: _, ...others } = tensors;
  const { layout, start, inverse = false } = options;
  const back = { layout, inverse: !inverse, ...(start === undefined ? {} : { start }) };
  return { x: dy && rope(gpu, { ...others, x: dy }, back).y };
});

/** The matrix is symmetric. */
export const hadamardRule = ruleOf<OfX, Y>(hadamard, (gpu, { gradient: { y: dy } }) => ({
  x: dy && hadamard(gpu, { x: dy }).y,
}));
