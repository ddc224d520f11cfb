import type { Gpu } from "../gpu/gpu.ts";
import { add, mul } from "../kernels/elementwise/elementwise.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Adapter } from "./linear.ts";

/** Two narrow matrices that change a projection `[out, in]`. */
export interface LoraWeights {
  /** f32 `[r, in]` */
  readonly a: Tensor;
  /** f32 `[out, r]` */
  readonly b: Tensor;
  /** f32 `[1]`: α / r, or α / √r. */
  readonly scale: Tensor;
}

/** Low-rank adaptation (Hu et al. 2021): `y + scale · (x · aᵀ) · bᵀ`. */
export const lora =
  ({ a, b, scale }: LoraWeights): Adapter =>
  (gpu: Gpu, x: Tensor, y: Tensor) => {
    const narrow = mul(gpu, { a: matmul(gpu, { x, weight: a }).y, b: scale }).y;
    return add(gpu, { a: y, b: matmul(gpu, { x: narrow, weight: b }).y }).y;
  };
