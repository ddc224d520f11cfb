import source from "#shaders/optimizer/adamw.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { atLeast, fieldsOf } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { betasCheck, partsOf, threadsOf } from "./step-kernel.ts";

/** A parameter, its gradient, and the optimizer's state of it: f32 of one shape, contiguous. */
export interface AdamWTensors {
  /** Changed in place. */
  readonly parameter: Tensor;
  readonly gradient: Tensor;
  /** The mean of gradients, zeros at first; changed in place. */
  readonly first: Tensor;
  /** The mean of their squares, zeros at first; changed in place. */
  readonly second: Tensor;
  /** f32 `[3]`: the learning rate, 1 / (1 − β₁ᵗ) and 1 / (1 − β₂ᵗ) of step t, counted from 1. */
  readonly scalars: Tensor;
  /** f32 `[2]`, from `gradientNorm`; unset: gradients are not clipped. */
  readonly clip?: Tensor | undefined;
}

/** The settings of AdamW. */
export interface AdamWOptions {
  /** Decay rates of the two means, β₁ and β₂; default 0.9 and 0.999. */
  readonly betas?: readonly [number, number];
  /** Added to the root; default 1e-8. */
  readonly eps?: number;
  /** Decoupled weight decay; default 0.01, as in PyTorch. */
  readonly decay?: number;
}

type Settings = Required<AdamWOptions>;

const kernel = defineKernel({
  name: "optimizer/adamw",
  source,
  inputs: { gradient: "[...n]", scalars: "[3]", "clip?": "[2]" },
  inout: { parameter: "[...n]", first: "[...n]", second: "[...n]" },
  params: ({ n }, { betas: [beta1, beta2], eps, decay }: Settings) => ({
    n: threadsOf(n),
    kept1: beta1,
    new1: 1 - beta1,
    kept2: beta2,
    new2: 1 - beta2,
    eps,
    decay,
  }),
  specialise: ({ n }, _options, { dtypes }) => partsOf(n, dtypes["clip"] !== undefined),
  threads: ({ n }) => threadsOf(n),
  cost: ({ n }, _options, { dtypes }) => ({
    flops: 16 * n + 2 * threadsOf(n), // a thread computes the decay once
    requestedBytes: 28 * n + (dtypes["clip"] ? 20 : 12) * threadsOf(n), // every thread reads the scalars
  }),
});

const tensors = tensorFields("parameter", "gradient", "first", "second", "scalars", "clip?");
const options = fieldsOf<AdamWOptions>({ betas: betasCheck, eps: atLeast(0), decay: atLeast(0) });

/**
 * A step of AdamW (Loshchilov and Hutter 2019, algorithm 2; PyTorch's order: decay first, ε after the corrected root).
 * A parameter keeps its bits where the norm of the gradients is not finite.
 */
export function adamW(gpu: Gpu, given: AdamWTensors, settings: AdamWOptions = {}): { readonly parameter: Tensor } {
  checkCall("adamW", tensors, given, options, settings);
  return kernel(gpu, given, { betas: [0.9, 0.999], eps: 1e-8, decay: 0.01, ...settings });
}
