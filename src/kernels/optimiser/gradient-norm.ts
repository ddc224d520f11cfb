import source from "#shaders/optimiser/norm.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, listOf, positive, required } from "../../options/checks.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { checkCall, tensorCheck } from "../arguments.ts";
import { mul } from "../elementwise/elementwise.ts";
import { defineKernel } from "../kernel.ts";
import { concat } from "../layout/concat.ts";
import { contiguous } from "../layout/contiguous.ts";
import { sum } from "../reduce/reduce.ts";

/** How far gradients may go. */
export interface GradientNormOptions {
  /** The largest norm of all gradients together; default: they are not clipped. */
  readonly most?: number | undefined;
}

const kernel = defineKernel({
  name: "optimiser/norm",
  source,
  inputs: { squares: "[n]" },
  inout: { skipped: "[1]" },
  outputs: { clip: "[two]" },
  accepts: { skipped: ["u32"] },
  axes: () => ({ two: 2 }),
  params: ({ n }, { most }: { readonly most: number }) => ({ n, most }),
  workgroups: () => [1],
  cost: ({ n }) => ({ flops: n + 3, requestedBytes: 4 * (n + 2) }),
});

/** Gradients, and how many steps were not taken. */
export interface GradientNormTensors {
  /** f32 of any shapes, views too. */
  readonly gradients: readonly Tensor[];
  /** u32 `[1]`, changed in place. */
  readonly skipped: Tensor;
}

const tensors = fieldsOf<GradientNormTensors>({ gradients: required(listOf(tensorCheck)), skipped: tensorCheck });
const fields = fieldsOf<GradientNormOptions>({ most: positive });

/** The largest f32, which divided by any norm is at least 1. */
const largest = 3.4e38;

/**
 * The norm of all gradients together, and the factor that reduces it to at most `most`: clip f32 `[2]`. `skipped` u32 `[1]`
 * grows by 1 where the norm is not finite. Gradients are f32 of any shapes, views too.
 */
export function gradientNorm(
  gpu: Gpu,
  given: GradientNormTensors,
  options: GradientNormOptions = {},
): { readonly clip: Tensor } {
  checkCall("gradientNorm", tensors, given, fields, options);
  const { gradients, skipped } = given;
  const squares = gradients.map((gradient) => {
    const x = gradient.contiguous ? gradient : contiguous(gpu, { x: gradient }).y;
    const flat = reshape(x, [x.size]);
    return reshape(sum(gpu, { x: mul(gpu, { a: flat, b: flat }).y }, { axis: 0 }).y, [1]);
  });
  const all = squares.length > 0 ? concat(gpu, squares, 0) : empty(gpu, [0]);
  return { clip: kernel(gpu, { squares: all, skipped }, { most: options.most ?? largest }).clip };
}
