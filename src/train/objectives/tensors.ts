import type { Gpu } from "../../gpu/gpu.ts";
import { crossEntropy } from "../../kernels/cross-entropy/cross-entropy.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import type { ModelLoss } from "./objective.ts";

/** The tensor of this name of a batch. Throws `TypeError` where there is none. */
export function given(tensors: Readonly<Record<string, Tensor>>, name: string): Tensor {
  const found = tensors[name];
  if (!found) throw new TypeError(`the model reads ${name} of a batch`);
  return found;
}

/** The mean cross-entropy of logits `[…, v]`, as many rows as there are targets. */
export function lossOf(gpu: Gpu, logits: Tensor, targets: Tensor): ModelLoss {
  const rows = reshape(logits, [targets.size, logits.shape.at(-1) ?? 0]);
  const found = crossEntropy(gpu, { logits: rows, targets: reshape(targets, [targets.size]) });
  const loss = reshape(found.loss, []);
  return { loss, count: found.count, total: loss };
}
