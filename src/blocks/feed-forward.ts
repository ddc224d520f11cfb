import type { Gpu } from "../gpu/gpu.ts";
import { geglu, gelu, geluTanh, quickGelu, silu, swiglu } from "../kernels/elementwise/activation.ts";
import { type Checks, checkOptions, checkValue, fieldsOf, object, oneOf } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Linear, linear, linearChecks, projection } from "./linear.ts";

/** Activations by name. */
export type Activation = "silu" | "gelu" | "gelu-tanh" | "quick-gelu";

/** Two projections, or three when the activation is gated (Shazeer 2020, "GLU variants improve transformer"). */
export interface FeedForwardWeights {
  readonly up: Linear;
  readonly down: Linear;
  readonly gate?: Linear | undefined;
}

/** Checks of the projections. */
export const feedForwardChecks: Checks<FeedForwardWeights> = {
  up: projection,
  down: projection,
  gate: object(linearChecks),
};

/** Checks of an activation. */
export const activationCheck = oneOf("silu", "gelu", "gelu-tanh", "quick-gelu");

const fields = fieldsOf(feedForwardChecks);

const plain = { silu, gelu, "gelu-tanh": geluTanh, "quick-gelu": quickGelu } as const;
/** Activations that a gated layer may have. */
export const gatedActivations = { silu: swiglu, "gelu-tanh": geglu } as const;

/** `down(activation(gate · x) ⊙ (up · x))`, or `down(activation(up · x))` without a gate. `x` is `[b, t, c]`. */
export function feedForward(
  gpu: Gpu,
  name: string,
  x: Tensor,
  weights: FeedForwardWeights,
  activation: Activation,
): Tensor {
  checkOptions("feedForward", fields, weights, "weights.");
  checkValue("feedForward", "activation", activationCheck, activation);
  const up = linear(gpu, x, weights.up);
  let hidden: Tensor;
  if (weights.gate) {
    const gate = linear(gpu, x, weights.gate);
    const product = gatedActivations[activation as keyof typeof gatedActivations];
    if (!product)
      throw new TypeError(
        `${name}: no gated form of ${activation}; there are ${Object.keys(gatedActivations).join(", ")}`,
      );
    hidden = product(gpu, { gate, up }).y;
  } else {
    hidden = plain[activation](gpu, { x: up }).y;
  }
  gpu.tap(`${name}.hidden`, hidden);
  return linear(gpu, hidden, weights.down);
}
