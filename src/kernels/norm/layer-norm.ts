import biasNone from "#shaders/norm/bias/none.wgsl";
import biasGiven from "#shaders/norm/bias/tensor.wgsl";
import workgroupSource from "#shaders/norm/layer-norm.wgsl";
import registersSource from "#shaders/norm/layer-norm-registers.wgsl";
import subgroupsSource from "#shaders/norm/layer-norm-subgroups.wgsl";
import rowResidual from "#shaders/norm/row/residual.wgsl";
import { atLeast, fieldsOf, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { inRegisters, registerRows, rowGrid, rowSpecialisation } from "../reduce/lanes.ts";
import { tuning } from "../tuning.ts";
import { bySubgroups, shareOf, subgroupRows } from "./subgroup-rows.ts";

/** Added to the variance under the root, so that a row of equal elements stays finite. */
export interface LayerNormOptions {
  readonly eps: number;
}

/** `x` `[..., cols]`, `weight` and `bias` `[cols]`. */
export interface LayerNormTensors {
  readonly x: Tensor;
  readonly weight: Tensor;
  readonly bias?: Tensor | undefined;
}

/** With `residual` like `x`. */
export interface AddLayerNormTensors extends LayerNormTensors {
  readonly residual: Tensor;
}

type Normed = { readonly y: Tensor };
type Summed = { readonly sum: Tensor; readonly y: Tensor };
type Axes = Readonly<Record<"rows" | "cols", number>>;
type Types = { readonly dtypes: Readonly<Record<string, string>> };

const biasPart = ({ dtypes }: Types) => ("bias" in dtypes ? biasGiven : biasNone);

/** Bytes of an element's bias, for rows that each load it. */
const biasBytes = ({ dtypes }: Types) => ("bias" in dtypes ? 4 : 0);

const plain = {
  inputs: { x: "[...rows, cols]", weight: "[cols]", "bias?": "[cols]" },
  outputs: { y: "[...rows, cols]" },
  params: ({ rows, cols }: Axes, { eps }: LayerNormOptions) => ({ rows, cols, eps }),
} as const;

const added = {
  inputs: { x: "[...rows, cols]", residual: "[...rows, cols]", weight: "[cols]", "bias?": "[cols]" },
  outputs: { sum: "[...rows, cols]", y: "[...rows, cols]" },
  params: plain.params,
} as const;

const workgroup = {
  record: defineKernel({
    name: "norm/layer-norm",
    source: workgroupSource,
    ...plain,
    specialise: ({ cols }, _, context) => rowSpecialisation(cols, [biasPart(context)]),
    ...rowGrid,
    cost: ({ rows, cols }, _, context) => ({
      flops: 8 * rows * cols,
      requestedBytes: (20 + biasBytes(context)) * rows * cols,
    }),
  }),
};

const subgroups = {
  ...bySubgroups,
  record: defineKernel({
    name: "norm/layer-norm-subgroups",
    source: subgroupsSource,
    ...plain,
    specialise: (axes, _, context) => subgroupRows(context.gpu, axes, [biasPart(context)]),
    ...rowGrid,
    cost: ({ rows, cols }, _, context) => ({
      flops: 8 * rows * cols,
      requestedBytes: (16 + (4 + biasBytes(context)) * shareOf(rows)) * rows * cols,
    }),
  }),
};

const registers = {
  ...inRegisters,
  record: defineKernel({
    name: "norm/layer-norm-registers",
    source: registersSource,
    ...plain,
    specialise: ({ cols }, _, context) => registerRows(cols, [biasPart(context)]),
    ...rowGrid,
    cost: ({ rows, cols }, _, context) => ({
      flops: 8 * rows * cols,
      requestedBytes: (12 + biasBytes(context)) * rows * cols,
    }),
  }),
};

const variants = { workgroup, registers, subgroups } as const;

const addVariants = {
  workgroup: {
    record: defineKernel({
      name: "norm/layer-norm",
      source: workgroupSource,
      ...added,
      specialise: ({ cols }, _, context) => rowSpecialisation(cols, [rowResidual, biasPart(context)]),
      ...rowGrid,
      cost: ({ rows, cols }, _, context) => ({
        flops: 9 * rows * cols,
        requestedBytes: (28 + biasBytes(context)) * rows * cols,
      }),
    }),
  },
  registers: {
    ...inRegisters,
    record: defineKernel({
      name: "norm/layer-norm-registers",
      source: registersSource,
      ...added,
      specialise: ({ cols }, _, context) => registerRows(cols, [rowResidual, biasPart(context)]),
      ...rowGrid,
      cost: ({ rows, cols }, _, context) => ({
        flops: 9 * rows * cols,
        requestedBytes: (20 + biasBytes(context)) * rows * cols,
      }),
    }),
  },
  subgroups: {
    ...bySubgroups,
    record: defineKernel({
      name: "norm/layer-norm-subgroups",
      source: subgroupsSource,
      ...added,
      specialise: (axes, _, context) => subgroupRows(context.gpu, axes, [rowResidual, biasPart(context)]),
      ...rowGrid,
      cost: ({ rows, cols }, _, context) => ({
        flops: 9 * rows * cols,
        requestedBytes: (24 + (4 + biasBytes(context)) * shareOf(rows)) * rows * cols,
      }),
    }),
  },
} as const;

const eps = required(atLeast(0));

/**
 * Layer norm over the last axis, `y = (x − mean) / sqrt(variance + eps) · weight + bias` (Ba, Kiros and Hinton 2016,
 * section 3), the variance in a second pass over the row. `x` is `[..., cols]`, `weight` and `bias` `[cols]`; without
 * `bias` nothing is added.
 */
export const layerNorm = defineOp<LayerNormTensors, LayerNormOptions & Into<Normed>, Normed, typeof variants>(
  { name: "norm/layer-norm", variants, order: (_tensors, _options, gpu) => tuning(gpu).norm },
  { tensors: tensorFields("x", "weight", "bias?"), options: fieldsOf({ eps, into: intoOf("y") }) },
);

/**
 * The residual add and the norm of the sum, in one kernel: `sum = x + residual`, `y = layerNorm(sum)`. Shapes as in
 * {@link layerNorm}, `residual` and `sum` like `x`.
 */
export const addLayerNorm = defineOp<AddLayerNormTensors, LayerNormOptions & Into<Summed>, Summed, typeof addVariants>(
  { name: "norm/layer-norm", variants: addVariants, order: (_tensors, _options, gpu) => tuning(gpu).norm },
  {
    tensors: tensorFields("x", "residual", "weight", "bias?"),
    options: fieldsOf({ eps, into: intoOf("sum", "y") }),
  },
);
