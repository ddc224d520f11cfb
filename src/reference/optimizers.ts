import { atLeast, type Check, finite, integer, required } from "../options/checks.ts";
import { given, optionalTensor, tensor } from "./arguments.ts";
import { at, type Dense, dense, sizeOf } from "./dense.ts";

/**
 * Settings of {@link adamW}: the decay rates of the means, the number added to the root, and the weight decay; all
 * required.
 */
export interface AdamWOptions {
  beta1: number;
  beta2: number;
  eps: number;
  decay: number;
}

const share: Check = required(atLeast(0));

/**
 * A step of AdamW (Loshchilov and Hutter 2019, algorithm 2): `m = β₁·m + (1 − β₁)·g`, `v = β₂·v + (1 − β₂)·g²`,
 * `p = p·(1 − rate·decay) − rate·(m·scalars[1]) / (√(v·scalars[2]) + eps)`, with g the gradient times clip[1]. Where
 * clip[0], the norm of all gradients, is not finite, nothing changes.
 *
 * parameter, gradient, first (m) and second (v) of one shape, scalars `[3]` (the rate and both corrections), clip `[2]`
 * → parameter, first and second.
 */
export function adamW(
  tensors: { parameter: Dense; gradient: Dense; first: Dense; second: Dense; scalars: Dense; clip?: Dense | undefined },
  options: AdamWOptions,
): { parameter: Dense; first: Dense; second: Dense } {
  const { parameter, gradient, first, second, scalars, clip } = given("adamW", tensors, {
    parameter: tensor,
    gradient: tensor,
    first: tensor,
    second: tensor,
    scalars: tensor,
    clip: optionalTensor,
  });
  const checks = { beta1: share, beta2: share, eps: share, decay: share };
  const { beta1, beta2, eps, decay } = given("adamW", options, checks);
  const [rate, correction1, correction2] = [0, 1, 2].map((i) => at(scalars.values, i)) as [number, number, number];
  const after = {
    parameter: dense(parameter.shape, parameter.values),
    first: dense(first.shape, first.values),
    second: dense(second.shape, second.values),
  };
  if (clip && !Number.isFinite(at(clip.values, 0))) return after;
  for (let i = 0; i < sizeOf(parameter.shape); i++) {
    const g = at(gradient.values, i) * (clip ? at(clip.values, 1) : 1);
    const m = beta1 * at(first.values, i) + (1 - beta1) * g;
    const v = beta2 * at(second.values, i) + (1 - beta2) * g * g;
    after.first.values[i] = m;
    after.second.values[i] = v;
    const update = (m * correction1) / (Math.sqrt(v * correction2) + eps);
    after.parameter.values[i] = at(parameter.values, i) * (1 - rate * decay) - rate * update;
  }
  return after;
}

/**
 * The norm of gradients from the sums of their squares `[n]`, and the factor that reduces it to at most `maxNorm`: clip
 * `[2]`.
 */
export function gradientNorm(tensors: { squares: Dense }, options: { maxNorm: number }): { clip: Dense } {
  const { squares } = given("gradientNorm", tensors, { squares: tensor });
  const { maxNorm } = given("gradientNorm", options, { maxNorm: required(finite) });
  const norm = Math.sqrt(squares.values.reduce((sum, square) => sum + square, 0));
  return { clip: dense([2], [norm, Math.min(1, maxNorm / (norm + 1e-6))]) };
}

/** Settings of {@link momentum}, all required. */
export interface MomentumOptions {
  momentum: number;
  fresh: number;
  ahead: number;
  held: number;
  decay: number;
}

/**
 * Momentum and its update: `v = momentum·v + fresh·g`, `update = ahead·g + held·v`, with g the gradient times clip[1]
 * plus `decay·p`. SGD (Sutskever et al. 2013, in PyTorch's form) has fresh 1, and Nesterov's ahead 1 and held =
 * momentum.
 *
 * gradient, parameter and velocity of one shape, clip `[2]` → velocity and update.
 */
export function momentum(
  tensors: { gradient: Dense; parameter: Dense; velocity: Dense; clip?: Dense | undefined },
  options: MomentumOptions,
): { velocity: Dense; update: Dense } {
  const names = { gradient: tensor, parameter: tensor, velocity: tensor, clip: optionalTensor };
  const { gradient, parameter, velocity, clip } = given("momentum", tensors, names);
  const numbers = { fresh: required(finite), ahead: required(finite), held: required(finite) };
  const read = given("momentum", options, { momentum: share, decay: share, ...numbers });
  const g = gradient.values.map(
    (value, i) => value * (clip ? at(clip.values, 1) : 1) + read.decay * at(parameter.values, i),
  );
  const v = velocity.values.map((value, i) => read.momentum * value + read.fresh * at(g, i));
  const update = v.map((value, i) => read.ahead * at(g, i) + read.held * value);
  return { velocity: dense(velocity.shape, v), update: dense(velocity.shape, update) };
}

/**
 * A step against an update: `p = p·(1 − rate·decay) − rate·scale·update`. parameter and update of one shape, scalars
 * `[1]` (the rate), clip `[2]` → parameter, unchanged where clip[0] is not finite.
 */
export function descend(
  tensors: { parameter: Dense; update: Dense; scalars: Dense; clip?: Dense | undefined },
  options: { decay: number; scale: number },
): { parameter: Dense } {
  const names = { parameter: tensor, update: tensor, scalars: tensor, clip: optionalTensor };
  const { parameter, update, scalars, clip } = given("descend", tensors, names);
  const { decay, scale } = given("descend", options, { decay: share, scale: required(finite) });
  const rate = at(scalars.values, 0);
  const isStep = !clip || Number.isFinite(at(clip.values, 0));
  const after = parameter.values.map((p, i) =>
    isStep ? p * (1 - rate * decay) - rate * scale * at(update.values, i) : p,
  );
  return { parameter: dense(parameter.shape, after) };
}

/** Settings of {@link lion}, all required. */
export interface LionOptions {
  beta1: number;
  beta2: number;
  decay: number;
}

/**
 * A step of Lion (Chen et al. 2023, algorithm 2): `p = p·(1 − rate·decay) − rate·sign(β₁·m + (1 − β₁)·g)`,
 * `m = β₂·m + (1 − β₂)·g`, with g the gradient times clip[1]. Where clip[0] is not finite, nothing changes.
 *
 * parameter, gradient and first (m) of one shape, scalars `[1]` (the rate), clip `[2]` → parameter and first.
 */
export function lion(
  tensors: { parameter: Dense; gradient: Dense; first: Dense; scalars: Dense; clip?: Dense | undefined },
  options: LionOptions,
): { parameter: Dense; first: Dense } {
  const names = { parameter: tensor, gradient: tensor, first: tensor, scalars: tensor, clip: optionalTensor };
  const { parameter, gradient, first, scalars, clip } = given("lion", tensors, names);
  const { beta1, beta2, decay } = given("lion", options, { beta1: share, beta2: share, decay: share });
  if (clip && !Number.isFinite(at(clip.values, 0))) return { parameter, first };
  const rate = at(scalars.values, 0);
  const g = gradient.values.map((value) => value * (clip ? at(clip.values, 1) : 1));
  const after = parameter.values.map((p, i) => {
    const direction = Math.sign(beta1 * at(first.values, i) + (1 - beta1) * at(g, i));
    return p * (1 - rate * decay) - rate * direction;
  });
  const mean = first.values.map((m, i) => beta2 * m + (1 - beta2) * at(g, i));
  return { parameter: dense(parameter.shape, after), first: dense(first.shape, mean) };
}

/** The coefficients of Muon's iteration (Jordan 2024). */
export const newtonSchulzCoefficients = [3.4445, -4.775, 2.0315] as const;

/**
 * An approximation of U·Vᵀ of a matrix U·S·Vᵀ (Jordan 2024, Muon): the matrix over its Frobenius norm, then `steps`
 * times `X ← a·X + (b·A + c·A²)·X` with `A = X·Xᵀ`, transposed where it has more rows than columns. Singular values of
 * at least 0.01 of the norm end between 0.68 and 1.2 after five steps. x `[m, n]` → y `[m, n]`.
 */
export function newtonSchulz(tensors: { x: Dense }, options: { steps: number }): { y: Dense } {
  const { x } = given("newtonSchulz", tensors, { x: tensor });
  const { steps } = given("newtonSchulz", options, { steps: required(integer(0)) });
  const [rows = 1, columns = 1] = x.shape;
  const isTall = rows > columns;
  const [m, n] = isTall ? [columns, rows] : [rows, columns];
  const norm = Math.sqrt(x.values.reduce((sum, value) => sum + value * value, 0) + 1e-14);
  let y = Float64Array.from({ length: m * n }, (_, i) => {
    const [row, column] = [Math.floor(i / n), i % n];
    return at(x.values, isTall ? column * columns + row : i) / norm;
  });
  const [a, b, c] = newtonSchulzCoefficients;
  const product = (left: Float64Array, right: (k: number, column: number) => number, inner: number, width: number) =>
    Float64Array.from({ length: m * width }, (_, i) => {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += at(left, Math.floor(i / width) * inner + k) * right(k, i % width);
      return sum;
    });
  for (let step = 0; step < steps; step++) {
    const before = y;
    const gram = product(before, (k, column) => at(before, column * n + k), n, m);
    const square = product(gram, (k, column) => at(gram, k * m + column), m, m);
    const weights = gram.map((value, i) => b * value + c * at(square, i));
    const moved = product(weights, (k, column) => at(before, k * n + column), m, n);
    y = moved.map((value, i) => a * at(before, i) + value);
  }
  const values = Float64Array.from({ length: m * n }, (_, i) =>
    isTall ? at(y, (i % columns) * n + Math.floor(i / columns)) : at(y, i),
  );
  return { y: dense(x.shape, values) };
}
