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
export interface Adapter {
  (gpu: Gpu, x: Tensor, y: Tensor): Tensor;
  /** As itself for rows of each head: see `HeadRows`. Latent attention needs it, which reads its weight by heads. */
  readonly ofHeads?: (gpu: Gpu, x: Tensor, y: Tensor, rows: HeadRows) => Tensor;
}

/**
 * Rows `[begin, end)` of each head's part of a weight, as products for each head take them: `x [n, h, in]` to `y [n, h,
 * rows]`; where they are `transposed`, `x [n, h, rows]` to `y [n, h, in]`.
 */
export interface HeadRows {
  readonly heads: number;
  readonly begin: number;
  readonly end: number;
  readonly transposed?: boolean;
}

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
