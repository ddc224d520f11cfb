import source from "#shaders/optimizer/descend.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { atLeast, fieldsOf, finite } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { partsOf, threadsOf } from "./step-kernel.ts";

/** A parameter and its update: f32 of one shape, contiguous. */
export interface DescendTensors {
  /** Changed in place. */
  readonly parameter: Tensor;
  readonly update: Tensor;
  /** f32 `[1]`: the learning rate. */
  readonly scalars: Tensor;
  /** f32 `[2]`, from `gradientNorm`: where its norm is not finite, there is no step. */
  readonly clip?: Tensor | undefined;
}

/** The size of a step. */
export interface DescendOptions {
  /** Decoupled weight decay; default 0. */
  readonly decay?: number;
  /** A factor of the update; default 1. */
  readonly scale?: number;
}

const kernel = defineKernel({
  name: "optimizer/descend",
  source,
  inputs: { update: "[...n]", scalars: "[1]", "clip?": "[2]" },
  inout: { parameter: "[...n]" },
  params: ({ n }, { decay, scale }: Required<DescendOptions>) => ({ n: threadsOf(n), decay, scale }),
  specialise: ({ n }, _options, { dtypes }) => partsOf(n, dtypes["clip"] !== undefined),
  threads: ({ n }) => threadsOf(n),
  cost: ({ n }, _options, { dtypes }) => ({
    flops: 3 * n + 3 * threadsOf(n), // a thread computes the decay and the factor once
    requestedBytes: 12 * n + (dtypes["clip"] ? 8 : 4) * threadsOf(n), // every thread reads the rate, and the norm
  }),
});

const tensors = tensorFields("parameter", "update", "scalars", "clip?");
const options = fieldsOf<DescendOptions>({ decay: atLeast(0), scale: finite });

/**
 * A step against an update: `p = p · (1 − rate · decay) − rate · scale · update`. A parameter keeps its bits where the
 * norm of the gradients is not finite.
 */
export function descend(
  gpu: Gpu,
  given: DescendTensors,
  settings: DescendOptions = {},
): { readonly parameter: Tensor } {
  checkCall("descend", tensors, given, options, settings);
  return kernel(gpu, given, { decay: 0, scale: 1, ...settings });
}
