import source from "#shaders/optimizer/norm.wgsl";
import squaresSource from "#shaders/optimizer/squares.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, listOf, positive, required } from "../../options/checks.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorCheck } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { contiguous } from "../layout/contiguous.ts";
import { threadsOf, vectorPart } from "./step-kernel.ts";

/** The bound of gradients. */
export interface GradientNormOptions {
  /** The largest norm of all gradients together; default: they are not clipped. */
  readonly maxNorm?: number | undefined;
}

const kernel = defineKernel({
  name: "optimizer/norm",
  source,
  inputs: { squares: "[n]" },
  inout: { skipped: "[1]" },
  outputs: { clip: "[two]" },
  accepts: { skipped: ["u32"] },
  axes: () => ({ two: 2 }),
  params: ({ n }, { maxNorm }: { readonly maxNorm: number }) => ({ n, max_norm: maxNorm }),
  workgroups: () => [1],
  cost: ({ n }) => ({ flops: n + 3, requestedBytes: 4 * (n + 2) }),
});

/** Kernels' tensors begin at multiples of this many elements: 256 bytes. */
const aligned = 64;

/** Vectors that a thread adds up. */
const together = 64;

const sumsOf = (n: number) => Math.ceil(threadsOf(n) / together);

const squares = defineKernel({
  name: "optimizer/squares",
  source: squaresSource,
  inputs: { x: "[...n]" },
  inout: { sums: "[all]" },
  params: ({ n }, { first }: { readonly first: number }) => ({ n: threadsOf(n), threads: sumsOf(n), first }),
  specialise: ({ n }) => ({ parts: [vectorPart(n)] }),
  threads: ({ n }) => sumsOf(n),
  cost: ({ n }) => ({
    flops: 2 * n + (n % 4 === 0 ? 3 * sumsOf(n) : 0),
    compulsoryBytes: 4 * (n + sumsOf(n)), // those of other gradients stay
    requestedBytes: 4 * (n + sumsOf(n)),
  }),
});

/** Gradients, and the number of skipped steps. */
export interface GradientNormTensors {
  /** f32 of any shapes, views too. */
  readonly gradients: readonly Tensor[];
  /** u32 `[1]`, changed in place. */
  readonly skipped: Tensor;
}

const tensors = fieldsOf<GradientNormTensors>({ gradients: required(listOf(tensorCheck)), skipped: tensorCheck });
const fields = fieldsOf<GradientNormOptions>({ maxNorm: positive });

/** The largest f32, which divided by any norm is at least 1. */
const largest = 3.4e38;

/**
 * The norm of all gradients together, and the factor that reduces it to at most `maxNorm`: clip f32 `[2]`. `skipped`
 * u32 `[1]` grows by 1 where the norm is not finite. Gradients are f32 of any shapes, views too.
 */
export function gradientNorm(
  gpu: Gpu,
  given: GradientNormTensors,
  options: GradientNormOptions = {},
): { readonly clip: Tensor } {
  checkCall("gradientNorm", tensors, given, fields, options);
  const { gradients, skipped } = given;
  const counts = gradients.map(({ size }) => sumsOf(size));
  const sums = empty(gpu, [counts.reduce((total, count) => total + count, 0)], "f32", "squares of gradients");
  let first = 0;
  for (const [i, gradient] of gradients.entries()) {
    if (gradient.size === 0) continue;
    const isInOrder = gradient.contiguous && gradient.offset % aligned === 0;
    squares(gpu, { x: isInOrder ? gradient : contiguous(gpu, { x: gradient }).y, sums }, { first });
    first += counts[i] ?? 0;
  }
  return { clip: kernel(gpu, { squares: sums, skipped }, { maxNorm: options.maxNorm ?? largest }).clip };
}
