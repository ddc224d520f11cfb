import workgroupSource from "#shaders/softmax/backward.wgsl";
import registersSource from "#shaders/softmax/backward-registers.wgsl";
import subgroupsSource from "#shaders/softmax/backward-subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { bySubgroups, subgroupRows } from "../norm/subgroup-rows.ts";
import { inRegisters, registerRows, rowGrid, rowSpecialisation } from "../reduce/lanes.ts";
import { tuning } from "../tuning.ts";

/** The result of a softmax and its gradient, both `[..., cols]`. */
export interface SoftmaxBackwardTensors {
  readonly y: Tensor;
  readonly dy: Tensor;
}

/** The gradient of softmax's input, like its result. */
export interface SoftmaxGradient {
  readonly dx: Tensor;
}

const rows = {
  inputs: { y: "[...rows, cols]", dy: "[...rows, cols]" },
  outputs: { dx: "[...rows, cols]" },
  params: ({ rows, cols }: Readonly<Record<"rows" | "cols", number>>) => ({ rows, cols }),
  ...rowGrid,
} as const;

/** The gradient with a row's sum made in workgroup memory. */
const workgroup = {
  record: defineKernel({
    name: "softmax/backward",
    source: workgroupSource,
    ...rows,
    specialise: ({ cols }) => rowSpecialisation(cols),
    cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 20 * rows * cols }),
  }),
};

/** The gradient with a row kept in registers, each thread some of it. */
const registers = {
  accepts: ({ y }: SoftmaxBackwardTensors) => inRegisters.accepts({ x: y }),
  record: defineKernel({
    name: "softmax/backward-registers",
    source: registersSource,
    ...rows,
    specialise: ({ cols }) => registerRows(cols),
    cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 12 * rows * cols }),
  }),
};

/** The gradient with a subgroup for each row. */
const subgroups = {
  requires: bySubgroups.requires,
  accepts: ({ y }: SoftmaxBackwardTensors, options: object, gpu: Gpu) => bySubgroups.accepts({ x: y }, options, gpu),
  record: defineKernel({
    name: "softmax/backward-subgroups",
    source: subgroupsSource,
    ...rows,
    specialise: (axes, _, { gpu }) => subgroupRows(gpu, axes),
    cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 20 * rows * cols }),
  }),
};

const variants = { workgroup, registers, subgroups } as const;

/**
 * Gradient of {@link softmax} from its result `y`: `dx = y · (dy − Σ y · dy)`, the sum over the last axis. `y`, `dy`
 * and `dx` are `[..., cols]`. Where `y` is 0, as where a mask hides an element, `dx` is 0, for any `dy`.
 */
export const softmaxBackward = defineOp<
  SoftmaxBackwardTensors,
  Into<SoftmaxGradient>,
  SoftmaxGradient,
  typeof variants
>(
  { name: "softmax-backward", variants, order: (_tensors, _options, gpu) => tuning(gpu).norm },
  { tensors: tensorFields("y", "dy"), options: fieldsOf({ into: intoOf("dx") }) },
);
