import workgroupSource from "#shaders/softmax/log-backward.wgsl";
import naiveSource from "#shaders/softmax/log-backward-naive.wgsl";
import { fieldsOf } from "../../options/checks.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { rowGrid, rowSpecialisation } from "../reduce/lanes.ts";
import type { SoftmaxBackwardTensors, SoftmaxGradient } from "./softmax-backward.ts";

type Axes = Readonly<Record<"rows" | "cols", number>>;

const rows = {
  inputs: { y: "[...rows, cols]", dy: "[...rows, cols]" },
  outputs: { dx: "[...rows, cols]" },
  params: ({ rows, cols }: Axes) => ({ rows, cols }),
  cost: ({ rows, cols }: Axes) => ({ flops: 4 * rows * cols, requestedBytes: 16 * rows * cols }),
} as const;

/** A row's sum made in workgroup memory. */
const workgroup = {
  record: defineKernel({
    name: "softmax/log-backward",
    source: workgroupSource,
    ...rows,
    specialise: ({ cols }) => rowSpecialisation(cols),
    ...rowGrid,
  }),
};

/** A thread a row. */
const naive = {
  record: defineKernel({
    name: "softmax/log-backward-naive",
    source: naiveSource,
    ...rows,
    threads: ({ rows }) => rows,
  }),
};

const variants = { workgroup, naive } as const;

/**
 * Gradient of {@link logSoftmax} from its result `y`: `dx = dy − exp(y) · Σ dy`, the sum over the last axis. `y`, `dy`
 * and `dx` are `[..., cols]`.
 */
export const logSoftmaxBackward = defineOp<
  SoftmaxBackwardTensors,
  Into<SoftmaxGradient>,
  SoftmaxGradient,
  typeof variants
>(
  { name: "log-softmax-backward", variants, order: () => ["workgroup", "naive"] },
  { tensors: tensorFields("y", "dy"), options: fieldsOf({ into: intoOf("dx") }) },
);
