import normaliseSource from "#shaders/softmax/normalise.wgsl";
import rowMaxSource from "#shaders/softmax/row-max.wgsl";
import rowSumSource from "#shaders/softmax/row-sum.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel } from "../kernel.ts";

const rowMax = defineKernel({
  name: "softmax/row-max",
  source: rowMaxSource,
  inputs: { x: "[...rows, cols]" },
  outputs: { largest: "[...rows]" },
  params: ({ rows, cols }) => ({ rows, cols }),
  threads: ({ rows }) => rows,
  cost: ({ rows, cols }) => ({ flops: rows * cols, requestedBytes: 4 * rows * cols + 4 * rows }),
});

const rowSum = defineKernel({
  name: "softmax/row-sum",
  source: rowSumSource,
  inputs: { x: "[...rows, cols]", largest: "[...rows]" },
  outputs: { sum: "[...rows]" },
  params: ({ rows, cols }) => ({ rows, cols }),
  threads: ({ rows }) => rows,
  cost: ({ rows, cols }) => ({ flops: 3 * rows * cols, requestedBytes: 4 * rows * cols + 8 * rows }),
});

const normalise = defineKernel({
  name: "softmax/normalise",
  source: normaliseSource,
  inputs: { x: "[...rows, cols]", largest: "[...rows]", sum: "[...rows]" },
  outputs: { y: "[...rows, cols]" },
  params: ({ rows, cols }) => ({ rows, cols }),
  threads: ({ rows, cols }) => rows * cols,
  cost: ({ rows, cols }) => ({ flops: 4 * rows * cols, requestedBytes: 16 * rows * cols }), // each thread divides
});

/** Softmax as three kernels with the maxima and sums of the rows in buffers between them: the one to read first. */
export const threePass = {
  workspace: ({ x }: { readonly x: Tensor }) => 8 * (x.size / Math.max(1, x.shape.at(-1) ?? 1)),
  record: (
    gpu: Gpu,
    { x }: { readonly x: Tensor },
    options: { readonly into?: { readonly y?: Tensor } },
  ): { readonly y: Tensor } => {
    const { largest } = rowMax(gpu, { x });
    const { sum } = rowSum(gpu, { x, largest });
    const { y } = normalise(gpu, { x, largest, sum }, options);
    largest.dispose();
    sum.dispose();
    return { y };
  },
};
