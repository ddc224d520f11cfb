import type { Gpu } from "../gpu/gpu.ts";
import { projection } from "../kernels/matmul/projection.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { GatedName } from "./activations.ts";
import type { Linear } from "./linear.ts";
import type { Norm, Residual } from "./norm.ts";

/** An RMS norm. */
export type RmsNorm = Extract<Norm, { readonly kind: "rms" }>;

/** What surrounds a sublayer in a block of few rows, whose kernels compute it too. */
export interface Surroundings {
  /** The norm of the sublayer's input; unset: it is normed. */
  readonly norm?: RmsNorm | undefined;
  /** The residual stream, which the sublayer's result is added to. */
  readonly residual: Tensor;
}

/** Maximum number of rows for which kernels compute what surrounds a product. */
const mostRows = 8;

/** True for a stream of few rows `[b, t, c]`: those of a decode step. */
export function isStep({ sum: { shape } }: Residual): boolean {
  const [b = 1, t = 1] = shape;
  return b * t <= mostRows;
}

/** `residual + gate(norm(x) · weightᵀ + bias)`: a linear layer with what comes before and after it. */
export function project(
  gpu: Gpu,
  x: Tensor,
  { weight, bias }: Linear,
  {
    norm,
    residual,
    gate,
  }: { readonly norm?: RmsNorm | undefined; readonly residual?: Tensor | undefined; readonly gate?: GatedName },
): Tensor {
  const tensors = { x, weight, bias, norm: norm?.weight, residual };
  return projection(gpu, tensors, { ...(norm ? { eps: norm.eps } : {}), ...(gate ? { gate } : {}) }).y;
}
