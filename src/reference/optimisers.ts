import { atLeast, type Check, finite, required } from "../options/checks.ts";
import { at, type Dense, dense, sizeOf } from "./dense.ts";
import { given, optionalTensor, tensor } from "./given.ts";

/** Settings of {@link adamW}: what the means keep, what is added to the root, and the decay; all are to be given. */
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
 * parameter, gradient, first (m) and second (v) of one shape, scalars `[3]` (the rate and both corrections), clip `[2]` →
 * parameter, first and second.
 */
export function adamW(
  tensors: { parameter: Dense; gradient: Dense; first: Dense; second: Dense; scalars: Dense; clip?: Dense | undefined },
  options: AdamWOptions,
): { parameter: Dense; first: Dense; second: Dense } {
  const { parameter, gradient, first, second, scalars, clip } = given("adamW", tensors, {
    ...{ parameter: tensor, gradient: tensor, first: tensor, second: tensor, scalars: tensor },
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
 * The norm of gradients from the sums of their squares `[n]`, and the factor that reduces it to at most `most`: clip `[2]`.
 */
export function gradientNorm(tensors: { squares: Dense }, options: { most: number }): { clip: Dense } {
  const { squares } = given("gradientNorm", tensors, { squares: tensor });
  const { most } = given("gradientNorm", options, { most: required(finite) });
  const norm = Math.sqrt(squares.values.reduce((sum, square) => sum + square, 0));
  return { clip: dense([2], [norm, Math.min(1, most / (norm + 1e-6))]) };
}
