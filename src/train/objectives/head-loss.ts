import type { Linear } from "../../blocks/linear.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { MeanLoss } from "../../kernels/cross-entropy/cross-entropy.ts";
import { linearCrossEntropy } from "../../kernels/cross-entropy/linear.ts";
import type { LossOptions } from "../../kernels/cross-entropy/options.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** The loss of the logits that a head makes of states `[n, c]`, for targets `[n]`. Logits are whole in memory only where they are few. */
export function headLoss(
  gpu: Gpu,
  { x, head, targets }: { readonly x: Tensor; readonly head: Linear; readonly targets: Tensor },
  options: LossOptions = {},
): MeanLoss {
  const { weight, bias } = head;
  return gpu.within("head", () =>
    linearCrossEntropy(gpu, bias ? { x, weight, bias, targets } : { x, weight, targets }, options),
  );
}
