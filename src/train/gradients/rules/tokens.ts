import {
  crossEntropy,
  type LossTensors,
  type MeanLoss,
  type RowLosses,
} from "../../../kernels/cross-entropy/cross-entropy.ts";
import { crossEntropyBackward } from "../../../kernels/cross-entropy/cross-entropy-backward.ts";
import {
  type LinearLoss,
  type LinearLossOptions,
  type LinearLossTensors,
  linearCrossEntropy,
} from "../../../kernels/cross-entropy/linear.ts";
import { linearCrossEntropyBackward } from "../../../kernels/cross-entropy/linear-backward.ts";
import type { LossOptions } from "../../../kernels/cross-entropy/options.ts";
import { gather } from "../../../kernels/embedding/gather.ts";
import { gatherBackward } from "../../../kernels/embedding/gather-backward.ts";
import { contiguous } from "../../../kernels/layout/contiguous.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { GradientError, ruleOf } from "../rule.ts";

type Embedded = { readonly ids: Tensor; readonly table: Tensor };

/** Every row of the table gets the gradients of its tokens. */
export const gatherRule = ruleOf<Embedded, { readonly y: Tensor }, { readonly scale?: number }>(
  gather,
  (gpu, { tensors: { ids, table }, options: { scale }, gradient: { y } }) => {
    if (!y) return {};
    const dy = y.contiguous ? y : contiguous(gpu, { x: y }).y;
    return { table: gatherBackward(gpu, { ids, dy }, { rows: table.shape[0] ?? 0, scale }).dtable };
  },
);

/** The mean's gradient, in one kernel with the softmax's; the per-row results have none. */
export const crossEntropyRule = ruleOf<LossTensors, RowLosses & MeanLoss, LossOptions & { variant?: string }>(
  crossEntropy,
  (gpu, { tensors: { logits, targets }, options, result, gradient }) => {
    const { loss: dloss, ...others } = gradient;
    const [other] = Object.keys(others);
    if (other)
      throw new GradientError(`gradients: crossEntropy has a gradient of its ${other}, expected of loss alone`);
    if (!dloss) return {};
    const { variant: _, ...same } = options;
    const { lse, count } = result;
    return { logits: crossEntropyBackward(gpu, { logits, targets, lse, count, dloss }, same).dlogits };
  },
);

/** The gradients of the rows and of the projection, in the chunks of the loss; logits are recomputed. */
export const linearCrossEntropyRule = ruleOf<LinearLossTensors, LinearLoss, LinearLossOptions>(
  linearCrossEntropy,
  (gpu, { tensors, options, result, gradient, needs }) => {
    const { loss: dloss, ...others } = gradient;
    const [other] = Object.keys(others);
    if (other)
      throw new GradientError(`gradients: linearCrossEntropy has a gradient of its ${other}, expected of loss alone`);
    if (!dloss) return {};
    const { lse, count, others: rest } = result;
    const wanted = { x: needs.has("x"), weight: needs.has("weight"), bias: needs.has("bias") };
    const given = { ...tensors, lse, count, dloss, ...(rest ? { others: rest } : {}) };
    const { dx, dweight, dbias } = linearCrossEntropyBackward(gpu, given, { ...options, needs: wanted });
    return { x: dx, weight: dweight, bias: dbias };
  },
);
