import type { Gpu } from "../../../gpu/gpu.ts";
import { contiguous } from "../../../kernels/layout/contiguous.ts";
import { type L2NormaliseOptions, l2Normalise } from "../../../kernels/norm/l2-normalise.ts";
import { l2NormaliseBackward } from "../../../kernels/norm/l2-normalise-backward.ts";
import { type AxisOptions, max } from "../../../kernels/reduce/reduce.ts";
import { reduceSegments, type SegmentOptions, type SegmentTensors } from "../../../kernels/reduce/segments.ts";
import { maxBackward, reduceSegmentsBackward } from "../../../kernels/reduce/segments-backward.ts";
import { logSoftmax } from "../../../kernels/softmax/log-softmax.ts";
import { logSoftmaxBackward } from "../../../kernels/softmax/log-softmax-backward.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { GradientError, ruleOf } from "../rule.ts";

type OfX = { readonly x: Tensor };
type Y = { readonly y: Tensor };

const aligned = (gpu: Gpu, x: Tensor) => (x.contiguous && x.offset % 64 === 0 ? x : contiguous(gpu, { x }).y);

/** Rows get their segment's gradient times their weights; weights are data. */
export const segmentsRule = ruleOf<SegmentTensors, Y, SegmentOptions>(reduceSegments, (gpu, call) => {
  const { tensors, options, gradient, needs } = call;
  if (needs.has("weights"))
    throw new GradientError("gradients: segments has no gradient of its weights, expected x alone");
  if (!gradient.y) return {};
  const { operation } = options;
  return { x: reduceSegmentsBackward(gpu, { ...tensors, dy: aligned(gpu, gradient.y) }, { operation }).dx };
});

/** The first element with the maximum gets dy. */
export const maxRule = ruleOf<OfX, Y, AxisOptions>(max, (gpu, { tensors: { x }, options: { axis }, gradient }) => ({
  x: gradient.y && maxBackward(gpu, { x: aligned(gpu, x), dy: aligned(gpu, gradient.y) }, { axis }).dx,
}));

/** The component along a row's own vector does not change it. */
export const l2NormaliseRule = ruleOf<OfX, Y, L2NormaliseOptions>(l2Normalise, (gpu, call) => {
  const { tensors, options, gradient } = call;
  if (!gradient.y) return {};
  const { eps } = options;
  const given = { x: tensors.x, dy: aligned(gpu, gradient.y) };
  return { x: l2NormaliseBackward(gpu, given, eps === undefined ? {} : { eps }).dx };
});

/** From the result alone: dx = dy − exp(y) · Σ dy. */
export const logSoftmaxRule = ruleOf<{ readonly x: Tensor }, { readonly y: Tensor }>(
  logSoftmax,
  (gpu, { result, gradient: { y: dy } }) => {
    if (!dy) return {};
    const given = { y: result.y, dy: dy.contiguous ? dy : contiguous(gpu, { x: dy }).y };
    return { x: logSoftmaxBackward(gpu, given).dx };
  },
);
