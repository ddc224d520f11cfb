// Activations by their definitions in f32, every operation rounded.
import { at, type Dense, dense } from "../../src/reference/dense.ts";
import { erfc } from "../../src/reference/erf.ts";
import { allowedUlps } from "./gate.ts";

const f = Math.fround;

const each = (x: Dense, change: (value: number, index: number) => number): { y: Dense } => ({
  y: dense(x.shape, x.values.map(change)),
});

const sigmoidOf = (u: number) => f(1 / f(1 + f(Math.exp(-u))));
const siluOf = (u: number) => f(u * sigmoidOf(u));
const geluOf = (u: number) => f(f(u / 2) * f(erfc(f(-u * f(Math.SQRT1_2)))));
const tanhArgument = (u: number) => f(f(2 * Math.sqrt(2 / Math.PI)) * f(u + f(f(0.044715) * f(u * f(u * u)))));
const geluTanhOf = (u: number) => f(u * sigmoidOf(tanhArgument(u)));

/** The activations of `src/reference/activation.ts` in f32. */
export const silu = ({ x }: { x: Dense }) => each(x, siluOf);
export const gelu = ({ x }: { x: Dense }) => each(x, geluOf);
export const geluTanh = ({ x }: { x: Dense }) => each(x, geluTanhOf);
export const quickGelu = ({ x }: { x: Dense }) => each(x, (u) => f(u * sigmoidOf(f(f(1.702) * u))));
export const swiglu = ({ gate, up }: { gate: Dense; up: Dense }) =>
  each(gate, (u, i) => f(siluOf(u) * at(up.values, i)));
export const geglu = ({ gate, up }: { gate: Dense; up: Dense }) =>
  each(gate, (u, i) => f(geluTanhOf(u) * at(up.values, i)));

/**
 * What WGSL allows `u · sigmoid(z)` for each z: of the left tail all that exp may have there, of the right one what is
 * left of it beside 1; and a division.
 */
const allowed = (z: Float64Array) =>
  z.map((value) => allowedUlps.division + allowedUlps.exp(value) * Math.min(1, Math.exp(-value)));

/** Ulps for each element, by activation; `x`, or `gate` where there is one. */
export const activationUlps = {
  silu: ({ x, gate = x }: Record<string, Dense>) => allowed(gate?.values ?? new Float64Array()),
  quickGelu: ({ x }: Record<string, Dense>) => allowed((x?.values ?? new Float64Array()).map((u) => 1.702 * u)),
  geluTanh: ({ x, gate = x }: Record<string, Dense>) => allowed((gate?.values ?? new Float64Array()).map(tanhArgument)),
  // Its tails are multiples of exp(-u²/2).
  gelu: ({ x }: Record<string, Dense>) =>
    allowed((x?.values ?? new Float64Array()).map((u) => (Math.sign(u) * u * u) / 2)),
} as const;
