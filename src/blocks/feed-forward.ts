import type { Gpu } from "../gpu/gpu.ts";
import { geglu, gegluErf, gelu, geluTanh, quickGelu, relu, silu, swiglu } from "../kernels/elementwise/activation.ts";
import { type Checks, checkOptions, checkValue, fieldsOf, object, oneOf } from "../options/checks.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type Activation, activationNames, type GatedName, gatedNames } from "./activations.ts";
import { type Linear, linear, linearChecks, project, projectionCheck, type Surroundings } from "./linear.ts";
import { norm } from "./norm.ts";

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

/** Two projections, or three when the activation is gated (Shazeer 2020, "GLU variants improve transformer"). */
export interface FeedForwardWeights {
  readonly up: Linear;
  readonly down: Linear;
  readonly gate?: Linear | undefined;
  /** Both of a gated layer as one projection, the rows of gate, then of up: read in one dispatch by a decode step. */
  readonly gateUp?: Linear | undefined;
}

/** Checks of the projections. */
export const feedForwardChecks: Checks<FeedForwardWeights> = {
  up: projectionCheck,
  down: projectionCheck,
  gate: object(linearChecks),
  gateUp: object(linearChecks),
};

/** Checks of an activation. */
export const activationCheck = oneOf(...activationNames);

const fields = fieldsOf(feedForwardChecks);

const plain = { silu, gelu, "gelu-tanh": geluTanh, "quick-gelu": quickGelu } as const satisfies Record<
  Activation,
  unknown
>;
const gated: Partial<Record<Activation, typeof swiglu>> = { silu: swiglu, "gelu-tanh": geglu, gelu: gegluErf };
/** True where the kernels that fuse a product with its surroundings also gate with this activation. */
const isFused = (activation: Activation): activation is GatedName => gatedNames.some((name) => name === activation);

/** `down(activation(gate · x) ⊙ (up · x))`, or `down(activation(up · x))` without a gate. `x` is `[b, t, c]`. */
export function feedForward(
  gpu: Gpu,
  name: string,
  x: Tensor,
  weights: FeedForwardWeights,
  activation: Activation,
): Tensor {
  return feed(gpu, name, x, weights, activation);
}

/**
 * As `feedForward`, with the steps around it in a block: x is normed first, and the result added to the residual
 * stream, in as few dispatches as the kernels allow.
 */
export function feed(
  gpu: Gpu,
  name: string,
  x: Tensor,
  weights: FeedForwardWeights,
  activation: Activation,
  surroundings?: Surroundings,
): Tensor {
  checkOptions("feedForward", fields, weights, "weights.");
  checkValue("feedForward", "activation", activationCheck, activation);
  const hidden = hiddenOf(gpu, name, x, weights, activation, surroundings);
  gpu.tap(`${name}.hidden`, hidden);
  return surroundings
    ? project(gpu, hidden, weights.down, { residual: surroundings.residual })
    : linear(gpu, hidden, weights.down);
}

/** The hidden values, before the last projection. */
function hiddenOf(
  gpu: Gpu,
  name: string,
  x: Tensor,
  weights: FeedForwardWeights,
  activation: Activation,
  surroundings: Surroundings | undefined,
): Tensor {
  if (surroundings && weights.gateUp && isFused(activation)) {
    return project(gpu, x, weights.gateUp, { norm: surroundings.norm, gate: activation });
  }
  const input = surroundings?.norm ? norm(gpu, x, surroundings.norm) : x;
  const up = linear(gpu, input, weights.up);
  if (weights.gate) {
    const gate = linear(gpu, input, weights.gate);
    const product = gated[activation];
    if (!product)
      throw new TypeError(`${name}: no gated form of ${activation}; there are ${Object.keys(gated).join(", ")}`);
    return product(gpu, { gate, up }).y;
  }
  return plain[activation](gpu, { x: up }).y;
}
