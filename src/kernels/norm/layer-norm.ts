import biasGiven from "#shaders/norm/bias/given.wgsl";
import biasNone from "#shaders/norm/bias/none.wgsl";
import source from "#shaders/norm/layer-norm.wgsl";
import rowResidual from "#shaders/norm/row/residual.wgsl";
import { atLeast, type Checks, required } from "../../options/checks.ts";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";
import { rowGrid, rowSpecialisation } from "../reduce/lanes.ts";

/** Added to the variance under the root, so that a row of equal elements stays finite. */
export interface LayerNormOptions {
  readonly eps: number;
}

const fields: Checks<LayerNormOptions> = { eps: required(atLeast(0)) };

const biasPart = (dtypes: Readonly<Record<string, string>>) => ("bias" in dtypes ? biasGiven : biasNone);

/**
 * Layer norm over the last axis, `y = (x − mean) / sqrt(variance + eps) · weight + bias` (Ba, Kiros and Hinton 2016,
 * section 3), the variance in a second pass over the row. `x` is `[..., cols]`, `weight` and `bias` `[cols]`; without
 * `bias` nothing is added.
 */
export const layerNorm = withOptions(
  defineKernel({
    name: "norm/layer-norm",
    source,
    inputs: { x: "[...rows, cols]", weight: "[cols]", "bias?": "[cols]" },
    outputs: { y: "[...rows, cols]" },
    params: ({ rows, cols }, { eps }: LayerNormOptions) => ({ rows, cols, eps }),
    specialise: ({ cols }, _, { dtypes }) => rowSpecialisation(cols, [biasPart(dtypes)]),
    ...rowGrid,
    cost: ({ rows, cols }, _, { dtypes }) => ({
      flops: 8 * rows * cols,
      requestedBytes: ("bias" in dtypes ? 24 : 20) * rows * cols,
    }),
  }),
  fields,
);

/**
 * The residual add and the norm of the sum, in one kernel: `sum = x + residual`, `y = layerNorm(sum)`. Shapes as in
 * {@link layerNorm}, `residual` and `sum` like `x`.
 */
export const addLayerNorm = withOptions(
  defineKernel({
    name: "norm/layer-norm",
    source,
    inputs: { x: "[...rows, cols]", residual: "[...rows, cols]", weight: "[cols]", "bias?": "[cols]" },
    outputs: { sum: "[...rows, cols]", y: "[...rows, cols]" },
    params: ({ rows, cols }, { eps }: LayerNormOptions) => ({ rows, cols, eps }),
    specialise: ({ cols }, _, { dtypes }) => rowSpecialisation(cols, [rowResidual, biasPart(dtypes)]),
    ...rowGrid,
    cost: ({ rows, cols }, _, { dtypes }) => ({
      flops: 9 * rows * cols,
      requestedBytes: ("bias" in dtypes ? 32 : 28) * rows * cols,
    }),
  }),
  fields,
);
