import type { Gpu } from "../gpu/gpu.ts";
import { optionalTensor, tensorCheck } from "../kernels/define/arguments.ts";
import { add } from "../kernels/elementwise/elementwise.ts";
import { addLayerNorm, layerNorm } from "../kernels/norm/layer-norm.ts";
import { addRmsNorm, rmsNorm } from "../kernels/norm/rms-norm.ts";
import { atLeast, checkOptions, checkValue, fieldsOf, kinds, required } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** A norm over the last axis with its weights `[c]`. */
export type Norm =
  | { readonly kind: "rms"; readonly weight: Tensor; readonly eps: number }
  | { readonly kind: "layer"; readonly weight: Tensor; readonly bias?: Tensor | undefined; readonly eps: number };

const eps = required(atLeast(0));

/** Checks of a norm. */
export const normCheck = kinds({
  rms: { weight: tensorCheck, eps },
  layer: { weight: tensorCheck, bias: optionalTensor, eps },
});

/**
 * The residual stream `[b, t, c]` of a pre-norm transformer: the sum so far, and the sublayer's result that is not
 * added yet, so that the addition can be fused with the next norm.
 */
export interface Residual {
  readonly sum: Tensor;
  readonly update?: Tensor;
}

/** Checks of a residual stream. */
export const residualFields = fieldsOf<Residual>({ sum: required(tensorCheck), update: optionalTensor });

/** The residual stream with what is pending added. */
export function summed(gpu: Gpu, { sum, update }: Residual): Tensor {
  return update ? add(gpu, { a: sum, b: update }).y : sum;
}

/** `x [..., c]` → normed, same shape. */
export function norm(gpu: Gpu, x: Tensor, parameters: Norm): Tensor {
  checkValue("norm", "parameters", normCheck, parameters);
  const { weight, eps } = parameters;
  if (parameters.kind === "rms") return rmsNorm(gpu, { x, weight }, { eps }).y;
  const { bias } = parameters;
  return layerNorm(gpu, bias ? { x, weight, bias } : { x, weight }, { eps }).y;
}

/** Adds the pending result and norms the sum, in one kernel. */
export function addNorm(gpu: Gpu, stream: Residual, parameters: Norm): { sum: Tensor; y: Tensor } {
  checkOptions("addNorm", residualFields, stream, "stream.");
  checkValue("addNorm", "parameters", normCheck, parameters);
  const { sum: x, update } = stream;
  if (!update) return { sum: x, y: norm(gpu, x, parameters) };
  const { weight, eps } = parameters;
  if (parameters.kind === "rms") return addRmsNorm(gpu, { x, residual: update, weight }, { eps });
  const { bias } = parameters;
  return addLayerNorm(gpu, bias ? { x, residual: update, weight, bias } : { x, residual: update, weight }, { eps });
}
