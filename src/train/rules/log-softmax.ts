import { contiguous } from "../../kernels/layout/contiguous.ts";
import { logSoftmax } from "../../kernels/softmax/log-softmax.ts";
import { logSoftmaxBackward } from "../../kernels/softmax/log-softmax-backward.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { ruleOf } from "../rule.ts";

/** From the result alone: dx = dy − exp(y) · Σ dy. */
export const logSoftmaxRule = ruleOf<{ readonly x: Tensor }, { readonly y: Tensor }>(
  logSoftmax,
  (gpu, { result, gradient: { y: dy } }) => {
    if (!dy) return {};
    const given = { y: result.y, dy: dy.contiguous ? dy : contiguous(gpu, { x: dy }).y };
    return { x: logSoftmaxBackward(gpu, given).dx };
  },
);
