import type { Gpu } from "../gpu/gpu.ts";
import { add, mul } from "../kernels/elementwise/elementwise.ts";
import { contiguous } from "../kernels/layout/contiguous.ts";
import { headMatmul } from "../kernels/matmul/heads.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { adaptedExperts } from "../kernels/moe/adapted-experts.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice, transpose } from "../tensor/views.ts";
import type { Adapter, HeadRows } from "./linear.ts";
import type { ExpertsAdapter } from "./mixture.ts";

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
export function lora({ a, b, scale }: LoraWeights): Adapter {
  const scaled = (gpu: Gpu, x: Tensor) => mul(gpu, { a: x, b: scale }).y;
  const plus = (gpu: Gpu, y: Tensor, change: Tensor) => add(gpu, { a: y, b: change }).y;
  const adapter = (gpu: Gpu, x: Tensor, y: Tensor) => {
    const narrow = scaled(gpu, matmul(gpu, { x, weight: a }).y);
    return plus(gpu, y, matmul(gpu, { x: narrow, weight: b }).y);
  };
  const ofHeads = (gpu: Gpu, x: Tensor, y: Tensor, { heads, begin, end, transposed = false }: HeadRows) => {
    const weight = slice(reshape(b, [heads, -1, b.shape[1] ?? 0]), 1, begin, end);
    if (!transposed) {
      const narrow = scaled(gpu, matmul(gpu, { x, weight: a }).y);
      return plus(gpu, y, headMatmul(gpu, { x: narrow, weight }).y);
    }
    const narrow = scaled(gpu, headMatmul(gpu, { x, weight: transpose(weight) }).y);
    const down = contiguous(gpu, { x: transpose(a) }).y;
    return plus(gpu, y, matmul(gpu, { x: narrow, weight: down }).y);
  };
  return Object.assign(adapter, { ofHeads });
}

/** Adapters of all experts of a layer: each expert's rows after those of another, in a and in b. */
interface ExpertLoraWeights {
  readonly gate?: LoraWeights | undefined;
  readonly up?: LoraWeights | undefined;
  readonly down?: LoraWeights | undefined;
}

/** Low-rank adaptation of experts that a router chooses, each product as in `lora`. For SwiGLU, without biases. */
export function expertLora({ gate, up, down }: ExpertLoraWeights): ExpertsAdapter {
  return (gpu, { x, experts, weights, gateUp, down: base }) =>
    adaptedExperts(gpu, {
      x,
      experts,
      weights,
      gateUp,
      down: base,
      gateA: gate?.a,
      gateB: gate?.b,
      gateScale: gate?.scale,
      upA: up?.a,
      upB: up?.b,
      upScale: up?.scale,
      downA: down?.a,
      downB: down?.b,
      downScale: down?.scale,
    });
}
