import type { Gpu } from "../gpu/gpu.ts";
import { relu } from "../kernels/elementwise/activation.ts";
import { oneOf } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Activation, activationNames } from "./activations.ts";
import { type FeedForwardWeights, feed } from "./feed-forward.ts";
import { linear } from "./linear.ts";
import { project, type Surroundings } from "./project.ts";

/** Activations of encoders and encoder-decoders: those of decoders, and relu, without a gate (Vaswani et al. 2017). */
export type StackActivation = Activation | "relu";

/** Checks of such an activation. */
export const stackActivationCheck = oneOf(...activationNames, "relu");

/** As `feed` of a decoder, with relu as well: `down(activation(up · x))`, or gated. `x` is `[b, t, c]`. */
export function stackFeed(
  gpu: Gpu,
  name: string,
  x: Tensor,
  weights: FeedForwardWeights,
  activation: StackActivation,
  surroundings?: Surroundings,
): Tensor {
  if (activation !== "relu") return feed(gpu, name, x, weights, activation, surroundings);
  if (weights.gate) throw new TypeError(`${name}: no gated form of relu`);
  const up = surroundings?.norm ? project(gpu, x, weights.up, { norm: surroundings.norm }) : linear(gpu, x, weights.up);
  const hidden = relu(gpu, { x: up }).y;
  gpu.tap(`${name}.hidden`, hidden);
  return surroundings
    ? project(gpu, hidden, weights.down, { residual: surroundings.residual })
    : linear(gpu, hidden, weights.down);
}
