import type { Gpu } from "../gpu/gpu.ts";
import { geglu, gelu, geluTanh, quickGelu, silu, swiglu } from "../kernels/elementwise/activation.ts";
import { type Checks, checkOptions, checkValue, fieldsOf, object, oneOf } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Activation, activationNames, type GatedName, gatedNames } from "./activations.ts";
import { type Linear, linear, linearChecks, projection } from "./linear.ts";

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
export const activationCheck = oneOf(...activationNames);

const fields = fieldsOf(feedForwardChecks);

const plain = { silu, gelu, "gelu-tanh": geluTanh, "quick-gelu": quickGelu } as const satisfies Record<
  Activation,
  unknown
>;
const gated = { silu: swiglu, "gelu-tanh": geglu } as const satisfies Record<GatedName, unknown>;

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
    const product = gated[activation as GatedName];
    if (!product) throw new TypeError(`${name}: no gated form of ${activation}; there are ${gatedNames.join(", ")}`);
    hidden = product(gpu, { gate, up }).y;
  } else {
    hidden = plain[activation](gpu, { x: up }).y;
  }
  gpu.tap(`${name}.hidden`, hidden);
  return linear(gpu, hidden, weights.down);
}
