// Activations by their definitions in f32, every operation rounded.

import { erfc } from "../../reference/activation.ts";
import { at, type Dense, dense } from "../../reference/dense.ts";
import { allowedUlps, type Gate } from "../gate.ts";

const f = Math.fround;

/** `1 / (1 + exp(−u))` in f32. */
export const sigmoid = (u: number) => f(1 / f(1 + f(Math.exp(-u))));
/** `ln(1 + exp(u))` in f32. */
const softplus = (u: number) => f(Math.max(u, 0) + f(Math.log1p(f(Math.exp(-Math.abs(u))))));
/** `u · sigmoid(u)` in f32. */
export const silu = (u: number) => f(u * sigmoid(u));
const quickGelu = (u: number) => f(u * sigmoid(f(f(1.702) * u)));
/** Twice the argument of tanh in GELU's approximation, in f32. */
export const tanhArgument = (u: number) => f(f(2 * Math.sqrt(2 / Math.PI)) * f(u + f(f(0.044715) * f(u * f(u * u)))));
/** GELU by its tanh approximation, in f32. */
export const geluTanh = (u: number) => f(u * sigmoid(tanhArgument(u)));
/** Exact GELU in f32. */
export const gelu = (u: number) => f(f(u / 2) * f(erfc(f(-u * f(Math.SQRT1_2)))));

/** Where exp(-z) of an f32 is 0 or infinite. */
const furthest = 104;

/**
 * Ulps that WGSL allows `u · sigmoid(z)`: a division, and the share of the exponential's error that remains next to 1.
 */
export function allowed(z: number): number {
  const bounded = Math.max(-furthest, Math.min(furthest, z));
  return allowedUlps.division + allowedUlps.exp(bounded) * Math.min(1, Math.exp(-bounded));
}

type Activation = (u: number) => number;

const map = ({ shape, values }: Dense, change: (u: number, i: number) => number) => dense(shape, values.map(change));

/** The gate of an activation; `exponent` is the negated argument of its exponential. */
const gate = (activation: Activation, exponent: Activation): Gate<"x", "y"> => ({
  emulation: ({ x }) => ({ y: map(x, activation) }),
  allowed: ({ x }) => x.values.map((u) => allowed(exponent(u))),
});

/** The gate of an activation times `up`. */
const gated = (activation: Activation, exponent: Activation): Gate<"gate" | "up", "y"> => ({
  emulation: ({ gate: x, up }) => ({ y: map(x, (u, i) => f(activation(u) * at(up.values, i))) }),
  allowed: ({ gate: x }) => x.values.map((u) => allowed(exponent(u))),
});

/** Ulps that WGSL allows `(1 − e) / (1 + e)`, e = exp(−2 |u|): those of a division, and of e relative to 1 − e. */
function allowedOfTanh(u: number): number {
  const z = Math.min(2 * Math.abs(u), furthest);
  const e = Math.exp(-z);
  // Closer to 0 it is a series, whose terms are rounded one by one.
  return z < 0.5 ? 2 : allowedUlps.division + ((allowedUlps.exp(z) + 1) * 2 * e) / ((1 - e) * (1 + e));
}

/** The gates of the activations in `src/reference/activation.ts`. */
export const activationGates = {
  gelu: gate(gelu, (u) => (u * Math.abs(u)) / 2), // its tails are multiples of exp(-u²/2)
  geluTanh: gate(geluTanh, tanhArgument),
  silu: gate(silu, (u) => u),
  quickGelu: gate(quickGelu, (u) => 1.702 * u),
  relu: {
    emulation: ({ x }) => ({ y: map(x, (u) => Math.max(u, 0)) }),
    allowed: ({ x }) => x.values.map(() => 0),
  } satisfies Gate<"x", "y">,
  squaredRelu: {
    emulation: ({ x }) => ({ y: map(x, (u) => f(Math.max(u, 0) ** 2)) }),
    allowed: ({ x }) => x.values.map(() => 0),
  } satisfies Gate<"x", "y">,
  tanh: {
    emulation: ({ x }) => ({ y: map(x, (u) => f(Math.tanh(u))) }),
    allowed: ({ x }) => x.values.map(allowedOfTanh),
  } satisfies Gate<"x", "y">,
  softplus: gate(softplus, (u) => Math.max(u, -furthest)),
  sigmoid: gate(sigmoid, (u) => u),
  reglu: {
    emulation: ({ gate: x, up }) => ({ y: map(x, (u, i) => f(Math.max(u, 0) * at(up.values, i))) }),
  } satisfies Gate<"gate" | "up", "y">,
  swiglu: gated(silu, (u) => u),
  geglu: gated(geluTanh, tanhArgument),
  gegluErf: gated(gelu, (u) => (u * Math.abs(u)) / 2),
} as const;
