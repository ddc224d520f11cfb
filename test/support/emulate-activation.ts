// Activations by their definitions in f32, every operation rounded.
import { at, type Dense, dense } from "../../src/reference/dense.ts";
import { erf } from "../../src/reference/erf.ts";

const f = Math.fround;

const each = (x: Dense, change: (value: number, index: number) => number): { y: Dense } => ({
  y: dense(x.shape, x.values.map(change)),
});

const sigmoidOf = (u: number) => f(1 / f(1 + f(Math.exp(-u))));
const siluOf = (u: number) => f(u / f(1 + f(Math.exp(-u))));
const geluOf = (u: number) => f(f(u / 2) * f(1 + f(erf(f(u * f(Math.SQRT1_2))))));
const geluTanhOf = (u: number) => {
  const inner = f(f(Math.sqrt(2 / Math.PI)) * f(u + f(f(0.044715) * f(u * f(u * u)))));
  return f(f(u / 2) * f(1 + f(Math.tanh(inner))));
};

/** The activations of `src/reference/activation.ts` in f32. */
export const silu = ({ x }: { x: Dense }) => each(x, siluOf);
export const gelu = ({ x }: { x: Dense }) => each(x, geluOf);
export const geluTanh = ({ x }: { x: Dense }) => each(x, geluTanhOf);
export const quickGelu = ({ x }: { x: Dense }) => each(x, (u) => f(u * sigmoidOf(f(f(1.702) * u))));
export const swiglu = ({ gate, up }: { gate: Dense; up: Dense }) =>
  each(gate, (u, i) => f(siluOf(u) * at(up.values, i)));
export const geglu = ({ gate, up }: { gate: Dense; up: Dense }) =>
  each(gate, (u, i) => f(geluTanhOf(u) * at(up.values, i)));
