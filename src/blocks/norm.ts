import type { Gpu } from "../gpu/gpu.ts";
import { addLayerNorm, layerNorm } from "../kernels/norm/layer-norm.ts";
import { addRmsNorm, rmsNorm } from "../kernels/norm/rms-norm.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A norm over the last axis with its weights `[c]`. */
export type Norm =
  | { readonly kind: "rms"; readonly weight: Tensor; readonly eps: number }
  | { readonly kind: "layer"; readonly weight: Tensor; readonly bias?: Tensor | undefined; readonly eps: number };

/**
 * The residual stream `[b, t, c]` of a pre-norm transformer: the sum so far, and the sublayer's result that is not
 * added yet, so that the addition can be fused with the next norm.
 */
export interface Residual {
  readonly sum: Tensor;
  readonly update?: Tensor;
}

/** `x [..., c]` → normed, same shape. */
export function norm(gpu: Gpu, x: Tensor, parameters: Norm): Tensor {
  const { weight, eps } = parameters;
  if (parameters.kind === "rms") return rmsNorm(gpu, { x, weight }, { eps }).y;
  const { bias } = parameters;
  return layerNorm(gpu, bias ? { x, weight, bias } : { x, weight }, { eps }).y;
}

/** Adds the pending result and norms the sum, in one kernel. */
export function addNorm(gpu: Gpu, stream: Residual, parameters: Norm): { sum: Tensor; y: Tensor } {
  const { sum: x, update: residual } = stream;
  if (!residual) return { sum: x, y: norm(gpu, x, parameters) };
  const { weight, eps } = parameters;
  if (parameters.kind === "rms") return addRmsNorm(gpu, { x, residual, weight }, { eps });
  const { bias } = parameters;
  return addLayerNorm(gpu, bias ? { x, residual, weight, bias } : { x, residual, weight }, { eps });
}
