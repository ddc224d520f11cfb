import type { Gpu } from "../gpu/gpu.ts";
import { optionalTensor, tensorCheck } from "../kernels/define/arguments.ts";
import { mul } from "../kernels/elementwise/elementwise.ts";
import { matmul } from "../kernels/matmul/matmul.ts";
import { projection } from "../kernels/matmul/projection.ts";
import { type Checks, callback, checkOptions, fieldsOf, object, required } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { GatedName } from "./activations.ts";
import type { Norm, Residual } from "./norm.ts";

/** A projection: `weight` is `[out, in]` as checkpoints store it, `bias` `[out]`. */
export interface Linear {
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
  /** Replaces the result, as LoRA does. */
  readonly adapter?: Adapter | undefined;
  /** Factors of the results at last, one `[1]` or one for each `[out]` (Falcon-H1's multipliers). */
  readonly scale?: Tensor | undefined;
}

/** A change to a projection's result: from its input `x` and its result `y` to another result of the same shape. */
export interface Adapter {
  (gpu: Gpu, x: Tensor, y: Tensor): Tensor;
  /** The same for rows of each head (see `HeadRows`), for latent attention, which reads its weight by heads. */
  readonly ofHeads?: (gpu: Gpu, x: Tensor, y: Tensor, rows: HeadRows) => Tensor;
}

/**
 * Rows `[begin, end)` of each head's part of a weight, as used by products for each head: `x [n, h, in]` to `y [n, h,
 * rows]`; if `transposed`, `x [n, h, rows]` to `y [n, h, in]`.
 */
export interface HeadRows {
  readonly heads: number;
  readonly begin: number;
  readonly end: number;
  readonly transposed?: boolean;
}

/** Checks of a projection. */
export const linearChecks: Checks<Linear> = {
  weight: tensorCheck,
  bias: optionalTensor,
  adapter: callback,
  scale: optionalTensor,
};

/** A projection that cannot be left out. */
export const projectionCheck = required(object(linearChecks));

const fields = fieldsOf(linearChecks);

/** `x [..., in]` → `[..., out]`: `(x · weightᵀ + bias) · scale`. */
export function linear(gpu: Gpu, x: Tensor, weights: Linear): Tensor {
  checkOptions("linear", fields, weights);
  const { weight, bias, adapter, scale } = weights;
  const { y } = matmul(gpu, bias ? { x, weight, bias } : { x, weight });
  const adapted = adapter ? adapter(gpu, x, y) : y;
  return scale ? mul(gpu, { a: adapted, b: scale }).y : adapted;
}

/** An RMS norm. */
export type RmsNorm = Extract<Norm, { readonly kind: "rms" }>;

/** The steps around a sublayer in a block of few rows, where its kernels compute them too. */
export interface Surroundings {
  /** The norm of the sublayer's input; unset: it is already normed. */
  readonly norm?: RmsNorm | undefined;
  /** The residual stream, which the sublayer's result is added to. */
  readonly residual: Tensor;
}

/** Maximum number of rows for which kernels fuse a product with the steps around it. */
const maxRows = 8;

/** True for a stream of few rows `[b, t, c]`: those of a decode step. */
export function isStep({ sum: { shape } }: Residual): boolean {
  const [b = 1, t = 1] = shape;
  return b * t <= maxRows;
}

/** `residual + gate(norm(x) · weightᵀ + bias)`: a linear layer without a scale, with what comes before and after it. */
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
