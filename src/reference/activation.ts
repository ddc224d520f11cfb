import { at, axes, type Dense, dense } from "./dense.ts";
import { erfc } from "./erf.ts";
import { given, tensor } from "./given.ts";

type Input = { x: Dense };
type Gated = { gate: Dense; up: Dense };

function map(operation: string, tensors: Input, f: (value: number) => number): { y: Dense } {
  const { x } = given(operation, tensors, { x: tensor });
  return { y: dense(x.shape, x.values.map(f)) };
}

/** `1 / (1 + exp(−u))`. */
export const sigmoid = (u: number): number => 1 / (1 + Math.exp(-u));

/**
 * `u · Φ(u)`, Φ being the normal distribution function `(1 + erf(u/√2)) / 2`, here as erfc, which keeps the left
 * tail.
 */
export const geluOf = (u: number): number => (u / 2) * erfc(-u / Math.SQRT2);

/** `u/2 · (1 + tanh(√(2/π) (u + 0.044715 u³)))`, here as `u · sigmoid(2 …)`, which is equal and keeps the left tail. */
export const geluTanhOf = (u: number): number => u * sigmoid(2 * Math.sqrt(2 / Math.PI) * (u + 0.044715 * u ** 3));

/** `u · sigmoid(u)`. */
export const siluOf = (u: number): number => u * sigmoid(u);

/** `max(u, 0)`, and NaN of NaN. */
export const reluOf = (u: number): number => Math.max(u, 0);

/** GELU, exact: `x · Φ(x)` (Hendrycks and Gimpel 2016, section 2). y like x. Hugging Face calls it "gelu". */
export const gelu = (tensors: Input): { y: Dense } => map("gelu", tensors, geluOf);

/**
 * GELU by its tanh approximation (Hendrycks and Gimpel 2016, section 2). y like x. Hugging Face: "gelu_new",
 * "gelu_pytorch_tanh".
 */
export const geluTanh = (tensors: Input): { y: Dense } => map("geluTanh", tensors, geluTanhOf);

/** SiLU, also called swish: `x · sigmoid(x)`. y like x. */
export const silu = (tensors: Input): { y: Dense } => map("silu", tensors, siluOf);

/** GELU by a logistic approximation: `x · sigmoid(1.702 x)`. y like x. Hugging Face calls it "quick_gelu". */
export const quickGelu = (tensors: Input): { y: Dense } => map("quickGelu", tensors, (u) => u * sigmoid(1.702 * u));

/** ReLU: `max(x, 0)`, and NaN of NaN (Nair and Hinton 2010). y like x. */
export const relu = (tensors: Input): { y: Dense } => map("relu", tensors, reluOf);

/** ReLU squared: `max(x, 0)²`, and NaN of NaN (So et al. 2021, section 4.1). y like x. */
export const squaredRelu = (tensors: Input): { y: Dense } => map("squaredRelu", tensors, (u) => Math.max(u, 0) ** 2);

/** The hyperbolic tangent. y like x. */
export const tanh = (tensors: Input): { y: Dense } => map("tanh", tensors, Math.tanh);

/** The logistic function, `1 / (1 + exp(−x))`. y like x. */
export const logistic = (tensors: Input): { y: Dense } => map("logistic", tensors, sigmoid);

/** SwiGLU without its projections: `y = silu(gate) · up`, all of one shape (Shazeer 2020, eq. 5). */
export const swiglu = (tensors: Gated): { y: Dense } => gated("swiglu", tensors, siluOf);

/**
 * GeGLU without its projections, with the tanh form of GELU: `y = geluTanh(gate) · up`, all of one shape (Shazeer
 * 2020, eq. 5).
 */
export const geglu = (tensors: Gated): { y: Dense } => gated("geglu", tensors, geluTanhOf);

/** ReGLU without its projections: `y = relu(gate) · up`, all of one shape (Shazeer 2020, eq. 5). */
export const reglu = (tensors: Gated): { y: Dense } => gated("reglu", tensors, reluOf);

/** GeGLU without its projections, with exact GELU: `y = gelu(gate) · up`, all of one shape (Shazeer 2020, eq. 5). */
export const gegluErf = (tensors: Gated): { y: Dense } => gated("gegluErf", tensors, geluOf);

function gated(operation: string, tensors: Gated, activation: (u: number) => number): { y: Dense } {
  const { gate, up } = given(operation, tensors, { gate: tensor, up: tensor });
  axes(operation, { gate, up }, { gate: "...rows f", up: "...rows f" });
  return {
    y: dense(
      gate.shape,
      gate.values.map((value, i) => activation(value) * at(up.values, i)),
    ),
  };
}
