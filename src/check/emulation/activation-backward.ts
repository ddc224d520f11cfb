// Gradients of activations by their definitions in f32, every operation rounded.

import { erfc } from "../../reference/activation.ts";
import { at, type Dense, dense } from "../../reference/dense.ts";
import { allowedUlps, type Gate } from "../gate.ts";
import { allowed, gelu, geluTanh, sigmoid, silu, tanhArgument } from "./activation.ts";

const f = Math.fround;

type Activation = (u: number) => number;

/** Clamps u: beyond ±110 exp(−u) is 0 or infinite in f32. */
const within = (u: number, limit = 110): number => Math.max(-limit, Math.min(limit, u));

const derivativeOfSilu: Activation = (u) => f(sigmoid(u) * f(1 + f(within(u) * sigmoid(-u))));
const derivativeOfGelu: Activation = (u) => {
  const c = within(u, 20);
  const density = f(f(1 / Math.sqrt(2 * Math.PI)) * f(Math.exp(f(f(-0.5 * c) * c))));
  return f(f(f(erfc(f(-c * f(Math.SQRT1_2)))) / 2) + f(c * density));
};
const derivativeOfGeluTanh: Activation = (u) => {
  const c = within(u, 12);
  const slope = f(f(2 * Math.sqrt(2 / Math.PI)) * f(1 + f(f(3 * 0.044715) * f(c * c))));
  return f(sigmoid(tanhArgument(c)) * f(1 + f(f(c * slope) * sigmoid(-tanhArgument(c)))));
};

/** Ulps that WGSL allows a product of two sigmoids, or a sum of two terms with an exponential each. */
const twice = (exponent: Activation) => (u: number) => 2 * allowed(exponent(u));

const rounded = (x: Dense, dy: Dense, derivative: Activation) =>
  dense(
    x.shape,
    x.values.map((u, i) => f(at(dy.values, i) * derivative(u))),
  );

/** The gate of a gradient; `ulps` are those of its builtins. */
const gate = (derivative: Activation, ulps: Activation): Gate<"x" | "dy", "dx"> => ({
  emulation: ({ x, dy }) => ({ dx: rounded(x, dy, derivative) }),
  allowed: ({ x }) => x.values.map(ulps),
});

/** The gate of the gradients of an activation times `up`. */
const gated = (
  activation: Activation,
  derivative: Activation,
  ulps: Activation,
): Gate<"gate" | "up" | "dy", "dgate" | "dup"> => ({
  emulation: ({ gate: x, up, dy }) => {
    const product = dense(
      up.shape,
      up.values.map((value, i) => f(value * at(dy.values, i))),
    );
    return { dgate: rounded(x, product, derivative), dup: rounded(x, dy, activation) };
  },
  allowed: ({ gate: x }) => x.values.map(ulps),
});

const squared: Activation = (u) => (u * Math.abs(u)) / 2; // tails are multiples of exp(−u²/2)
const logistic: Activation = (u) => 1.702 * u;

/** `factor · e / (1 + e)²` with e = exp(−|u|). */
const slopeOfSigmoid = (u: number, factor: number) => {
  const e = f(Math.exp(-Math.abs(u)));
  return f(f(factor * e) / f(f(1 + e) * f(1 + e)));
};
/** Ulps that WGSL allows a division, and an exponential. */
const slopeUlps: Activation = (u) => allowedUlps.division + 2 * allowedUlps.exp(within(u));

/** The gates of the gradients in `src/reference/activation-backward.ts`. */
export const activationBackwardGates = {
  geluBackward: gate(derivativeOfGelu, twice(squared)),
  geluTanhBackward: gate(derivativeOfGeluTanh, twice(tanhArgument)),
  siluBackward: gate(derivativeOfSilu, twice(within)),
  quickGeluBackward: gate((u) => derivativeOfSilu(f(f(1.702) * u)), twice(logistic)),
  reluBackward: gate(
    (u) => (u <= 0 ? 0 : 1),
    () => 0,
  ),
  squaredReluBackward: gate(
    (u) => (u <= 0 ? 0 : 2 * u),
    () => 0,
  ),
  softplusBackward: gate(sigmoid, (u) => allowedUlps.division + allowedUlps.exp(within(u))),
  tanhBackward: gate(
    (u) => slopeOfSigmoid(2 * u, 4),
    (u) => slopeUlps(2 * u),
  ),
  sigmoidBackward: gate((u) => slopeOfSigmoid(u, 1), slopeUlps),
  regluBackward: gated(
    (u) => Math.max(u, 0),
    (u) => (u <= 0 ? 0 : 1),
    () => 0,
  ),
  swigluBackward: gated(silu, derivativeOfSilu, twice(within)),
  gegluBackward: gated(geluTanh, derivativeOfGeluTanh, twice(tanhArgument)),
  gegluErfBackward: gated(gelu, derivativeOfGelu, twice(squared)),
} as const;

/** The gate of the gradient of softcap. */
export const softcapBackwardGate: Gate<"x" | "dy", "dx", { cap: number }> = {
  emulation: ({ x, dy }, { cap }) => ({
    dx: rounded(x, dy, (u) => {
      const e = f(Math.exp(-2 * Math.abs(f(u / f(cap)))));
      return f(f(4 * e) / f(f(1 + e) * f(1 + e)));
    }),
  }),
  allowed: ({ x }, _, { cap }) =>
    x.values.map((u) => 2 * allowedUlps.division + 2 * allowedUlps.exp(within((2 * u) / cap))),
};
