import source from "#shaders/optimizer/lion.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { atLeast, fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { betasCheck, partsOf, threadsOf } from "./step-kernel.ts";

/** A parameter, its gradient, and the mean that is kept of it: f32 of one shape, contiguous. */
export interface LionTensors {
  /** Changed in place. */
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The mean of gradients, zeros at first; changed in place. */
  readonly first: Tensor;
  /** f32 `[1]`: the learning rate. */
  readonly scalars: Tensor;
  /** f32 `[2]`, from `gradientNorm`; unset: gradients are not clipped. */
  readonly clip?: Tensor | undefined;
}

/** The settings of Lion. */
export interface LionOptions {
  /** Decay rates of the mean: β₁ for the direction of the step, β₂ for the next step; default 0.9 and 0.99. */
  readonly betas?: readonly [number, number];
  /** Decoupled weight decay; default 0. */
  readonly decay?: number;
}

const kernel = defineKernel({
  name: "optimizer/lion",
  source,
  inputs: { gradient: "[...n]", scalars: "[1]", "clip?": "[2]" },
  inout: { parameter: "[...n]", first: "[...n]" },
  params: ({ n }, { betas: [beta1, beta2], decay }: Required<LionOptions>) => ({
    n: threadsOf(n),
    kept1: beta1,
    new1: 1 - beta1,
    kept2: beta2,
    new2: 1 - beta2,
    decay,
  }),
  specialise: ({ n }, _options, { dtypes }) => partsOf(n, dtypes["clip"] !== undefined),
  threads: ({ n }) => threadsOf(n),
  cost: ({ n }, _options, { dtypes }) => ({
    flops: 11 * n + 2 * threadsOf(n), // a thread computes the decay once
    requestedBytes: 24 * n + (dtypes["clip"] ? 12 : 4) * threadsOf(n),
  }),
});

const tensors = tensorFields("parameter", "gradient", "first", "scalars", "clip?");
const options = fieldsOf<LionOptions>({ betas: betasCheck, decay: atLeast(0) });

/**
 * A step of Lion (Chen et al. 2023, algorithm 2): by the sign of mean and gradient combined, regardless of their size.
 * Where the norm of the gradients is not finite, nothing changes.
 */
export function lion(gpu: Gpu, given: LionTensors, settings: LionOptions = {}): { readonly parameter: Tensor } {
  checkCall("lion", tensors, given, options, settings);
  return kernel(gpu, given, { betas: [0.9, 0.99], decay: 0, ...settings });
}
