import source from "#shaders/optimizer/momentum.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { atLeast, belowOne, fieldsOf, finite } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { partsOf, threadsOf } from "./step-kernel.ts";

/** A gradient, its parameter and the momentum that is kept of it: f32 of one shape, contiguous. */
export interface MomentumTensors {
  readonly gradient: Tensor;
  /** Read for its decay. */
  readonly parameter: Tensor;
  /** Zeros at first; changed in place. */
  readonly velocity: Tensor;
  /** f32 `[2]`, from `gradientNorm`; unset: gradients are not clipped. */
  readonly clip?: Tensor | undefined;
}

/** `v = momentum · v + fresh · g`, and the update `ahead · g + held · v`, with g the gradient plus `decay · p`. */
export interface MomentumOptions {
  /** From 0 to below 1; default 0.9. */
  readonly momentum?: number;
  /** Default 1. */
  readonly fresh?: number;
  /** Default 0. */
  readonly ahead?: number;
  /** Default 1. */
  readonly held?: number;
  /** Decay that is added to the gradient; default 0. */
  readonly decay?: number;
}

const kernel = defineKernel({
  name: "optimizer/momentum",
  source,
  inputs: { gradient: "[...n]", parameter: "[...n]", "clip?": "[2]" },
  inout: { velocity: "[...n]" },
  outputs: { update: "[...n]" },
  params: ({ n }, { momentum: kept, fresh: new_, ahead, held, decay }: Required<MomentumOptions>) => ({
    n: threadsOf(n),
    kept,
    new_,
    ahead,
    held,
    decay,
  }),
  specialise: ({ n }, _options, { dtypes }) => partsOf(n, dtypes["clip"] !== undefined),
  threads: ({ n }) => threadsOf(n),
  cost: ({ n }, _options, { dtypes }) => ({
    flops: 9 * n,
    requestedBytes: 20 * n + (dtypes["clip"] ? 8 : 0) * threadsOf(n),
  }),
});

const tensors = tensorFields("gradient", "parameter", "velocity", "clip?");
const options = fieldsOf<MomentumOptions>({
  momentum: belowOne,
  fresh: finite,
  ahead: finite,
  held: finite,
  decay: atLeast(0),
});

/**
 * Momentum in place, and the update that it gives, f32 like the gradient. Where the norm of the gradients is not
 * finite, the momentum keeps its bits and the update is not written: `descend` does not read it then.
 */
export function momentum(
  gpu: Gpu,
  given: MomentumTensors,
  settings: MomentumOptions = {},
): { readonly update: Tensor } {
  checkCall("momentum", tensors, given, options, settings);
  return kernel(gpu, given, { momentum: 0.9, fresh: 1, ahead: 0, held: 1, decay: 0, ...settings });
}
