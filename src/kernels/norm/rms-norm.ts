import source from "#shaders/norm/rms-norm.wgsl";
import rowResidual from "#shaders/norm/row/residual.wgsl";
import { atLeast, type Checks, required } from "../../options/checks.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";
import { rowGrid, rowSpecialisation } from "../reduce/lanes.ts";

/** Added to the mean square under the root, so that a row of zeros stays finite. */
export interface RmsNormOptions {
  readonly eps: number;
}

const fields: Checks<RmsNormOptions> = { eps: required(atLeast(0)) };

/**
 * Root-mean-square norm over the last axis, `y = x / sqrt(mean(x²) + eps) · weight` (Zhang and Sennrich 2019,
 * equation 4). `x` is `[..., cols]`, `weight` `[cols]`; a norm per head is `x` `[b, t, h, d]` with `weight` `[d]`.
 */
export const rmsNorm = withOptions(
  defineKernel({
    name: "norm/rms-norm",
    source,
    inputs: { x: "[...rows, cols]", weight: "[cols]" },
    outputs: { y: "[...rows, cols]" },
    params: ({ rows, cols }, { eps }: RmsNormOptions) => ({ rows, cols, eps }),
    specialise: ({ cols }) => rowSpecialisation(cols),
    ...rowGrid,
    cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 16 * rows * cols }),
  }),
  fields,
);

/**
 * The residual add and the norm of the sum, in one kernel: `sum = x + residual`, `y = rmsNorm(sum)`. Shapes as in
 * {@link rmsNorm}, `residual` and `sum` like `x`.
 */
export const addRmsNorm = withOptions(
  defineKernel({
    name: "norm/rms-norm",
    source,
    inputs: { x: "[...rows, cols]", residual: "[...rows, cols]", weight: "[cols]" },
    outputs: { sum: "[...rows, cols]", y: "[...rows, cols]" },
    params: ({ rows, cols }, { eps }: RmsNormOptions) => ({ rows, cols, eps }),
    specialise: ({ cols }) => rowSpecialisation(cols, [rowResidual]),
    ...rowGrid,
    cost: ({ rows, cols }) => ({ flops: 5 * rows * cols, requestedBytes: 24 * rows * cols }),
  }),
  fields,
);
