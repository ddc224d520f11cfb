import naiveSource from "#shaders/softmax/log-naive.wgsl";
import workgroupSource from "#shaders/softmax/log-workgroup.wgsl";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoY, onlyX } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { rowGrid, rowSpecialisation } from "../reduce/lanes.ts";
import { tuning } from "../tuning.ts";

type Tensors = { readonly x: Tensor };
type Result = { readonly y: Tensor };
type Axes = Readonly<Record<"rows" | "cols", number>>;

const rows = {
  inputs: { x: "[...rows, cols]" },
  outputs: { y: "[...rows, cols]" },
  params: ({ rows, cols }: Axes) => ({ rows, cols }),
  cost: ({ rows, cols }: Axes) => ({ flops: 6 * rows * cols, requestedBytes: 16 * rows * cols }),
} as const;

/** A row's maximum and sum reduced in workgroup memory. */
const workgroup = {
  record: defineKernel({
    name: "softmax/log-workgroup",
    source: workgroupSource,
    ...rows,
    specialise: ({ cols }) => rowSpecialisation(cols),
    ...rowGrid,
  }),
};

/** A thread a row. */
const naive = {
  record: defineKernel({ name: "softmax/log-naive", source: naiveSource, ...rows, threads: ({ rows }) => rows }),
};

const variants = { workgroup, naive } as const;

/**
 * The logarithm of softmax over the last axis, `y = x − max − log Σ exp(x − max)`, with the digits that the logarithm
 * of a small probability loses. `x` is `[..., cols]`, `y` like it. A row of only −∞ stays one; a row with a NaN or +∞
 * gives NaN.
 */
export const logSoftmax = /* @__PURE__ */ defineOp<Tensors, Into<Result>, Result, typeof variants>(
  { name: "log-softmax", variants, order: (_tensors, _options, gpu) => tuning(gpu).logSoftmax },
  { tensors: onlyX, options: intoY },
);
