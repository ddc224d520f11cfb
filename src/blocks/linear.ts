import type { Gpu } from "../gpu/gpu.ts";
import { optionalTensor, tensorCheck } from "../kernels/arguments.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { type Checks, callback, checkOptions, fieldsOf, object, required } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A projection: `weight` is `[out, in]` as checkpoints store it, `bias` `[out]`. */
export interface Linear {
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
  /** Gives what takes the place of the result: of LoRA, for example. */
  readonly adapter?: Adapter | undefined;
}

/** What follows a projection: `x`, what it takes, and `y`, its result, to another result like it. */
export type Adapter = (gpu: Gpu, x: Tensor, y: Tensor) => Tensor;

/** Checks of a projection. */
export const linearChecks: Checks<Linear> = { weight: tensorCheck, bias: optionalTensor, adapter: callback };

/** A projection that cannot be left out. */
export const projection = required(object(linearChecks));

const fields = fieldsOf(linearChecks);

/** `x [..., in]` → `[..., out]`: `x · weightᵀ + bias`. */
export function linear(gpu: Gpu, x: Tensor, weights: Linear): Tensor {
  checkOptions("linear", fields, weights);
  const { weight, bias, adapter } = weights;
  const { y } = matmul(gpu, bias ? { x, weight, bias } : { x, weight });
  return adapter ? adapter(gpu, x, y) : y;
}
