import type { Gpu } from "../../gpu/gpu.ts";
import { crossEntropy, type MeanLoss } from "../../kernels/cross-entropy/cross-entropy.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { ModelLoss } from "./objective.ts";

/** The tensor of this name in a batch. Throws `TypeError` if it is missing. */
export function given(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = tensors[name];
  if (!found) throw new TypeError(`the model reads ${name} of a batch`);
  return found;
}

/** The mean cross-entropy of logits `[…, v]`, one row per target. */
export function lossOf(gpu: Gpu, logits: Tensor, targets: Tensor): ModelLoss {
  const rows = reshape(logits, [targets.size, logits.shape.at(-1) ?? 0]);
  return modelLoss(crossEntropy(gpu, { logits: rows, targets: reshape(targets, [targets.size]) }));
}

/** A mean loss as the total loss, with no other added. */
export function modelLoss({ loss, count }: MeanLoss): ModelLoss {
  const mean = reshape(loss, []);
  return { loss: mean, count, total: mean };
}
