import source from "#shaders/norm/rms-norm.wgsl";
import { defineKernel } from "../kernel.ts";

/**
 * Root-mean-square norm over the last axis, `y = x / sqrt(mean(x²) + eps) · weight` (Zhang and Sennrich 2019,
 * equation 4). `x` is `[..., cols]`, `weight` `[cols]`.
 */
export const rmsNorm = defineKernel({
  name: "norm/rms-norm",
  source,
  inputs: { x: "[...rows, cols]", weight: "[cols]" },
  outputs: { y: "[...rows, cols]" },
  params: ({ rows, cols }, { eps }: { readonly eps: number }) => ({ rows, cols, eps }),
  workgroups: ({ rows }) => [rows],
  cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 16 * rows * cols }),
});
