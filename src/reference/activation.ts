import { positive, required } from "../options/checks.ts";
import { given, tensor } from "./arguments.ts";
import { at, axes, type Dense, dense } from "./dense.ts";

/** Where the continued fraction of erfc takes over from the series of erf: closer to 0 it needs too many terms. */
const HANDOVER = 0.75;

/** The error function `2/√π ∫₀ˣ exp(−u²) du`, within 1e-15. */
export function erf(x: number): number {
  return Math.abs(x) < HANDOVER ? series(x) : Math.sign(x) * (1 - tail(Math.abs(x)));
}

/** The complement `1 − erf(x)`, accurate relative to itself where it is small: 2e-15. */
export function erfc(x: number): number {
  if (x >= HANDOVER) return tail(x);
  return x <= -HANDOVER ? 2 - tail(-x) : 1 - series(x);
}

/** erf(x) = 2/√π · exp(−x²) · Σ 2ⁿ x²ⁿ⁺¹ / (1 · 3 · … · (2n + 1)): no terms cancel (NIST DLMF 7.6.2). */
function series(x: number): number {
  let term = x;
  let sum = x;
  for (let n = 1; Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
    term *= (2 * x * x) / (2 * n + 1);
    sum += term;
  }
  return (2 / Math.sqrt(Math.PI)) * gaussian(x) * sum;
}

/** erfc(x) = exp(−x²)/√π · 1 / (x + ½ / (x + 1 / (x + ³⁄₂ / (x + …)))) for x > 0 (a form of NIST DLMF 7.9.1). */
function tail(x: number): number {
  if (Number.isNaN(x)) return x;
  let fraction = x;
  for (let n = Math.ceil(30 + 200 / x ** 2); n >= 1; n--) fraction = x + n / 2 / fraction;
  return gaussian(x) / (Math.sqrt(Math.PI) * fraction);
}

/**
 * exp(−x²) with x² split in two, since the rounding of x² alone would cost x² ulps: the square of a binary32 is
 * exact.
 */
function gaussian(x: number): number {
  const short = Math.fround(x);
  if (Math.abs(short) > 30) return 0; // exp(−900) underflows to 0, and x − short may overflow
  return Math.exp(-short * short) * Math.exp(-(x - short) * (x + short));
}

/** `cap · tanh(x / cap)` of every element (Gemma 2, section 2); NaN and infinities stay as they are. */
export function softcap(tensors: { x: Dense }, options: { cap: number }): { y: Dense } {
  const { x } = given("softcap", tensors, { x: tensor });
  const { cap } = given("softcap", options, { cap: required(positive) });
  return {
    y: dense(
      x.shape,
      x.values.map((u) => (Number.isFinite(u) ? cap * Math.tanh(u / cap) : u)),
    ),
  };
}

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

/** `ln(1 + exp(u))` without an exponential that overflows. */
export const softplusOf = (u: number): number => Math.max(u, 0) + Math.log1p(Math.exp(-Math.abs(u)));

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

/** Softplus, `ln(1 + exp(x))` (Dugas et al. 2001). y like x. */
export const softplus = (tensors: Input): { y: Dense } => map("softplus", tensors, softplusOf);

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
