import workgroupSource from "#shaders/norm/rms-norm.wgsl";
import registersSource from "#shaders/norm/rms-norm-registers.wgsl";
import subgroupsSource from "#shaders/norm/rms-norm-subgroups.wgsl";
import rowResidual from "#shaders/norm/row/residual.wgsl";
import { atLeast, fieldsOf, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { inRegisters, registerRows, rowGrid, rowSpecialisation } from "../reduce/lanes.ts";
import { tuning } from "../tuning.ts";
import { bySubgroups, shareOf, subgroupRows } from "./subgroup-rows.ts";

/** Added to the mean square under the root, so that a row of zeros stays finite. */
export interface RmsNormOptions {
  readonly eps: number;
}

/** `x` `[..., cols]`, `weight` `[cols]`. */
export interface RmsNormTensors {
  readonly x: Tensor;
  readonly weight: Tensor;
}

/** With `residual` like `x`. */
export interface AddRmsNormTensors extends RmsNormTensors {
  readonly residual: Tensor;
}

type Normed = { readonly y: Tensor };
type Summed = { readonly sum: Tensor; readonly y: Tensor };

const plain = {
  inputs: { x: "[...rows, cols]", weight: "[cols]" },
  outputs: { y: "[...rows, cols]" },
  params: ({ rows, cols }: Axes, { eps }: RmsNormOptions) => ({ rows, cols, eps }),
} as const;

const added = {
  inputs: { x: "[...rows, cols]", residual: "[...rows, cols]", weight: "[cols]" },
  outputs: { sum: "[...rows, cols]", y: "[...rows, cols]" },
  params: plain.params,
} as const;

type Axes = Readonly<Record<"rows" | "cols", number>>;

const workgroup = {
  record: defineKernel({
    name: "norm/rms-norm",
    source: workgroupSource,
    ...plain,
    specialise: ({ cols }) => rowSpecialisation(cols),
    ...rowGrid,
    cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 16 * rows * cols }),
  }),
};

const subgroups = {
  ...bySubgroups,
  record: defineKernel({
    name: "norm/rms-norm-subgroups",
    source: subgroupsSource,
    ...plain,
    specialise: (axes, _, { gpu }) => subgroupRows(gpu, axes),
    ...rowGrid,
    cost: ({ rows, cols }) => ({
      flops: 4 * rows * cols,
      requestedBytes: (12 + 4 * shareOf(rows)) * rows * cols,
    }),
  }),
};

const registers = {
  ...inRegisters,
  record: defineKernel({
    name: "norm/rms-norm-registers",
    source: registersSource,
    ...plain,
    specialise: ({ cols }) => registerRows(cols),
    ...rowGrid,
    cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 12 * rows * cols }),
  }),
};

const variants = { workgroup, registers, subgroups } as const;

const addVariants = {
  workgroup: {
    record: defineKernel({
      name: "norm/rms-norm",
      source: workgroupSource,
      ...added,
      specialise: ({ cols }) => rowSpecialisation(cols, [rowResidual]),
      ...rowGrid,
      cost: ({ rows, cols }) => ({ flops: 5 * rows * cols, requestedBytes: 24 * rows * cols }),
    }),
  },
  registers: {
    ...inRegisters,
    record: defineKernel({
      name: "norm/rms-norm-registers",
      source: registersSource,
      ...added,
      specialise: ({ cols }) => registerRows(cols, [rowResidual]),
      ...rowGrid,
      cost: ({ rows, cols }) => ({ flops: 5 * rows * cols, requestedBytes: 20 * rows * cols }),
    }),
  },
  subgroups: {
    ...bySubgroups,
    record: defineKernel({
      name: "norm/rms-norm-subgroups",
      source: subgroupsSource,
      ...added,
      specialise: (axes, _, { gpu }) => subgroupRows(gpu, axes, [rowResidual]),
      ...rowGrid,
      cost: ({ rows, cols }) => ({
        flops: 5 * rows * cols,
        requestedBytes: (20 + 4 * shareOf(rows)) * rows * cols,
      }),
    }),
  },
} as const;

/**
 * Root-mean-square norm over the last axis, `y = x / sqrt(mean(x²) + eps) · weight` (Zhang and Sennrich 2019,
 * equation 4). `x` is `[..., cols]`, `weight` `[cols]`; a norm per head is `x` `[b, t, h, d]` with `weight` `[d]`.
 */
export const rmsNorm = defineOp<RmsNormTensors, RmsNormOptions & Into<Normed>, Normed, typeof variants>(
  { name: "norm/rms-norm", variants, order: (_tensors, _options, gpu) => tuning(gpu).norm },
  { tensors: tensorFields("x", "weight"), options: fieldsOf({ eps: required(atLeast(0)), into: intoOf("y") }) },
);

/**
 * The residual add and the norm of the sum, in one kernel: `sum = x + residual`, `y = rmsNorm(sum)`. Shapes as in
 * {@link rmsNorm}, `residual` and `sum` like `x`.
 */
export const addRmsNorm = defineOp<AddRmsNormTensors, RmsNormOptions & Into<Summed>, Summed, typeof addVariants>(
  { name: "norm/rms-norm", variants: addVariants, order: (_tensors, _options, gpu) => tuning(gpu).norm },
  {
    tensors: tensorFields("x", "residual", "weight"),
    options: fieldsOf({ eps: required(atLeast(0)), into: intoOf("sum", "y") }),
  },
);
