import { at, axes, type Dense, dense } from "./dense.ts";
import { erfc } from "./erf.ts";

const map = (x: Dense, f: (value: number, index: number) => number): { y: Dense } => ({
  y: dense(x.shape, x.values.map(f)),
});
const sigmoid = (u: number): number => 1 / (1 + Math.exp(-u));

/**
 * `u · Φ(u)`, Φ being the normal distribution function `(1 + erf(u/√2)) / 2`, here as erfc, which keeps the left
 * tail.
 */
const geluOf = (u: number): number => (u / 2) * erfc(-u / Math.SQRT2);

/** `u/2 · (1 + tanh(√(2/π) (u + 0.044715 u³)))`, here as `u · sigmoid(2 …)`, which is equal and keeps the left tail. */
const geluTanhOf = (u: number): number => u * sigmoid(2 * Math.sqrt(2 / Math.PI) * (u + 0.044715 * u ** 3));

const siluOf = (u: number): number => u * sigmoid(u);

/** GELU, exact: `x · Φ(x)` (Hendrycks and Gimpel 2016, section 2). y like x. Hugging Face calls it "gelu". */
export const gelu = ({ x }: { x: Dense }): { y: Dense } => map(x, geluOf);

/**
 * GELU by its tanh approximation (Hendrycks and Gimpel 2016, section 2). y like x. Hugging Face: "gelu_new",
 * "gelu_pytorch_tanh".
 */
export const geluTanh = ({ x }: { x: Dense }): { y: Dense } => map(x, geluTanhOf);

/** SiLU, also called swish: `x · sigmoid(x)`. y like x. */
export const silu = ({ x }: { x: Dense }): { y: Dense } => map(x, siluOf);

/** GELU by a logistic approximation: `x · sigmoid(1.702 x)`. y like x. Hugging Face calls it "quick_gelu". */
export const quickGelu = ({ x }: { x: Dense }): { y: Dense } => map(x, (u) => u * sigmoid(1.702 * u));

/** SwiGLU without its projections: `y = silu(gate) · up`, all of one shape (Shazeer 2020, eq. 5). */
export const swiglu = ({ gate, up }: { gate: Dense; up: Dense }): { y: Dense } => gated("swiglu", siluOf, gate, up);

/**
 * GeGLU without its projections, with the tanh form of GELU: `y = geluTanh(gate) · up`, all of one shape (Shazeer
 * 2020, eq. 5).
 */
export const geglu = ({ gate, up }: { gate: Dense; up: Dense }): { y: Dense } => gated("geglu", geluTanhOf, gate, up);

function gated(operation: string, activation: (u: number) => number, gate: Dense, up: Dense): { y: Dense } {
  axes(operation, { gate, up }, { gate: "...rows f", up: "...rows f" });
  return map(gate, (_, i) => activation(at(gate.values, i)) * at(up.values, i));
}
