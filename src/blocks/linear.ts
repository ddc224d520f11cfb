import type { Gpu } from "../gpu/gpu.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A projection: `weight` is `[out, in]` as checkpoints store it, `bias` `[out]`. */
export interface Linear {
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
}

/** `x [..., in]` → `[..., out]`: `x · weightᵀ + bias`. */
export function linear(gpu: Gpu, x: Tensor, { weight, bias }: Linear): Tensor {
  return matmul(gpu, bias ? { x, weight, bias } : { x, weight }).y;
}
