import { positive, required } from "../options/checks.ts";
import { formatShape } from "../tensor/shape.ts";
import { erfc, geluOf, geluTanhOf, reluOf, sigmoid, siluOf } from "./activation.ts";
import { given, tensor } from "./arguments.ts";
import { at, type Dense, dense } from "./dense.ts";

type Input = { x: Dense; dy: Dense };
type Gated = { gate: Dense; up: Dense; dy: Dense };
type Derivative = (u: number) => number;

function map(operation: string, tensors: Input, derivative: Derivative): { dx: Dense } {
  const { x, dy } = given(operation, tensors, { x: tensor, dy: tensor });
  sameShape(operation, { x, dy });
  return {
    dx: dense(
      x.shape,
      x.values.map((value, i) => at(dy.values, i) * derivative(value)),
    ),
  };
}

function gated(operation: string, tensors: Gated, activation: Derivative, derivative: Derivative) {
  const { gate, up, dy } = given(operation, tensors, { gate: tensor, up: tensor, dy: tensor });
  sameShape(operation, { gate, up, dy });
  const [dgate, dup] = [dense(gate.shape), dense(gate.shape)];
  for (const [i, value] of gate.values.entries()) {
    dgate.values[i] = at(dy.values, i) * at(up.values, i) * derivative(value);
    dup.values[i] = at(dy.values, i) * activation(value);
  }
  return { dgate, dup };
}

function sameShape(operation: string, tensors: Readonly<Record<string, Dense>>): void {
  const [[of, { shape }], ...others] = Object.entries(tensors) as [[string, Dense], ...[string, Dense][]];
  for (const [name, other] of others) {
    const [is, expected] = [formatShape(other.shape), formatShape(shape)];
    if (is !== expected) throw new RangeError(`${operation}: ${name} is ${is}, expected ${expected} (from ${of})`);
  }
}

/** Beyond this a sigmoid is 0 or 1 in float64, and infinity times the 0 next to it would be NaN. */
const furthest = 1000;
const within = (u: number, limit = furthest): number => Math.max(-limit, Math.min(limit, u));

const derivativeOfSilu: Derivative = (u) => sigmoid(u) * (1 + within(u) * sigmoid(-u));

/** Φ(u) + u φ(u). */
const derivativeOfGelu: Derivative = (u) =>
  erfc(-u / Math.SQRT2) / 2 + (within(u, 40) * Math.exp(-(within(u, 40) ** 2) / 2)) / Math.sqrt(2 * Math.PI);

const derivativeOfGeluTanh: Derivative = (u) => {
  const root = 2 * Math.sqrt(2 / Math.PI);
  const c = within(u);
  const z = root * (c + 0.044715 * c ** 3);
  return sigmoid(z) * (1 + c * root * (1 + 3 * 0.044715 * c ** 2) * sigmoid(-z));
};

const derivativeOfRelu: Derivative = (u) => (u <= 0 ? 0 : 1);

/**
 * Gradient of {@link gelu}: `dx = dy · (Φ(x) + x φ(x))`, Φ and φ being the normal distribution and its density. dx like
 * x.
 */
export const geluBackward = (tensors: Input): { dx: Dense } => map("geluBackward", tensors, derivativeOfGelu);

/** Gradient of {@link geluTanh}. dx like x. */
export const geluTanhBackward = (tensors: Input): { dx: Dense } =>
  map("geluTanhBackward", tensors, derivativeOfGeluTanh);

/** Gradient of {@link silu}: `dx = dy · q (1 + x (1 − q))`, `q = sigmoid(x)`. dx like x. */
export const siluBackward = (tensors: Input): { dx: Dense } => map("siluBackward", tensors, derivativeOfSilu);

/** Gradient of {@link quickGelu}: that of SiLU at 1.702 x. dx like x. */
export const quickGeluBackward = (tensors: Input): { dx: Dense } =>
  map("quickGeluBackward", tensors, (u) => derivativeOfSilu(1.702 * u));

/** Gradient of {@link relu}: `dy` where x is above 0, else 0; where x is NaN, `dy`. dx like x. */
export const reluBackward = (tensors: Input): { dx: Dense } => map("reluBackward", tensors, derivativeOfRelu);

/** Gradient of {@link squaredRelu}: `2 x · dy` where x is above 0, else 0. dx like x. */
export const squaredReluBackward = (tensors: Input): { dx: Dense } =>
  map("squaredReluBackward", tensors, (u) => (u <= 0 ? 0 : 2 * u));

/** Gradient of {@link softplus}: `dx = dy · sigmoid(x)`. dx like x. */
export const softplusBackward = (tensors: Input): { dx: Dense } => map("softplusBackward", tensors, sigmoid);

/** Gradient of {@link tanh}: `dx = dy · (1 − tanh²(x))`. dx like x. */
export const tanhBackward = (tensors: Input): { dx: Dense } =>
  map("tanhBackward", tensors, (u) => 1 / Math.cosh(u) ** 2);

/** Gradient of {@link logistic}: `dx = dy · q (1 − q)`, `q = 1 / (1 + exp(−x))`. dx like x. */
export const logisticBackward = (tensors: Input): { dx: Dense } =>
  map("logisticBackward", tensors, (u) => sigmoid(u) * sigmoid(-u));

/** Gradient of {@link exp}: `dx = dy · exp(x)`. dx like x. */
export const expBackward = (tensors: Input): { dx: Dense } => map("expBackward", tensors, Math.exp);

/** Gradient of {@link softcap}: `dx = dy · (1 − tanh²(x / cap))`. dx like x. */
export function softcapBackward(tensors: Input, options: { cap: number }): { dx: Dense } {
  const { cap } = given("softcapBackward", options, { cap: required(positive) });
  return map("softcapBackward", tensors, (u) => 1 / Math.cosh(u / cap) ** 2);
}

/** Gradients of {@link swiglu}: `dgate = dy · up · silu′(gate)`, `dup = dy · silu(gate)`, all of one shape. */
export const swigluBackward = (tensors: Gated): { dgate: Dense; dup: Dense } =>
  gated("swigluBackward", tensors, siluOf, derivativeOfSilu);

/** Gradients of {@link geglu}: as {@link swigluBackward}, with the tanh form of GELU. */
export const gegluBackward = (tensors: Gated): { dgate: Dense; dup: Dense } =>
  gated("gegluBackward", tensors, geluTanhOf, derivativeOfGeluTanh);

/** Gradients of {@link reglu}: as {@link swigluBackward}, with ReLU. */
export const regluBackward = (tensors: Gated): { dgate: Dense; dup: Dense } =>
  gated("regluBackward", tensors, reluOf, derivativeOfRelu);

/** Gradients of {@link gegluErf}: as {@link swigluBackward}, with exact GELU. */
export const gegluErfBackward = (tensors: Gated): { dgate: Dense; dup: Dense } =>
  gated("gegluErfBackward", tensors, geluOf, derivativeOfGelu);
