import { sigmoid } from "../activation.ts";
import { given, tensor } from "../arguments.ts";
import { addScaled, at, axes, type Dense, dense, dot } from "../dense.ts";

/** Vectors of n pairs of words, and of k words that are drawn for all of them. */
interface PairTensors {
  /** Of the words that predict, `[n, d]`. */
  readonly v: Dense;
  /** Of the word near each, `[n, d]`. */
  readonly u: Dense;
  /** Of the words that are drawn, `[k, d]`. */
  readonly others: Dense;
}

function problemOf(operation: string, tensors: PairTensors) {
  const found = given(operation, tensors, { v: tensor, u: tensor, others: tensor });
  const { v, u, others } = found;
  return { ...found, ...axes(operation, { v, u, others }, { v: "n d", u: "n d", others: "k d" }) };
}

/** `log(1 + exp x)`, which is −log σ(−x). */
const softplus = (x: number): number => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));

/**
 * The loss of each pair in skip-gram with negative sampling (Mikolov et al. 2013, eq. 4): `−log σ(u·v) − Σ log
 * σ(−u′·v)`, the sum over the words that are drawn. losses `[n]`.
 */
export function negativeSampling(tensors: PairTensors): { losses: Dense } {
  const { v, u, others, n, k, d } = problemOf("negativeSampling", tensors);
  const losses = dense([n]);
  for (let pair = 0; pair < n; pair++) {
    let loss = softplus(-dot(v.values, pair * d, u.values, pair * d, d));
    for (let i = 0; i < k; i++) loss += softplus(dot(v.values, pair * d, others.values, i * d, d));
    losses.values[pair] = loss;
  }
  return { losses };
}

/**
 * Gradients of {@link negativeSampling} from those of the losses, dlosses `[n]`: `dv = (σ(u·v) − 1) · u + Σ σ(u′·v) ·
 * u′`, `du = (σ(u·v) − 1) · v` and `du′ = Σ σ(u′·v) · v` over the pairs.
 */
export function negativeSamplingBackward(tensors: PairTensors & { readonly dlosses: Dense }): {
  dv: Dense;
  du: Dense;
  dothers: Dense;
} {
  const checks = { v: tensor, u: tensor, others: tensor, dlosses: tensor };
  const { dlosses, ...forward } = given("negativeSamplingBackward", tensors, checks);
  const { v, u, others, n, k, d } = problemOf("negativeSamplingBackward", forward);
  axes("negativeSamplingBackward", { v, dlosses }, { v: "n d", dlosses: "n" });
  const [dv, du, dothers] = [dense(v.shape), dense(u.shape), dense(others.shape)];
  const row = ({ values }: Dense, i: number) => values.subarray(i * d, (i + 1) * d);
  for (let pair = 0; pair < n; pair++) {
    const upstream = at(dlosses.values, pair);
    const near = upstream * (sigmoid(dot(v.values, pair * d, u.values, pair * d, d)) - 1);
    addScaled(row(dv, pair), near, u.values, pair * d);
    addScaled(row(du, pair), near, v.values, pair * d);
    for (let i = 0; i < k; i++) {
      const far = upstream * sigmoid(dot(v.values, pair * d, others.values, i * d, d));
      addScaled(row(dv, pair), far, others.values, i * d);
      addScaled(row(dothers, i), far, v.values, pair * d);
    }
  }
  return { dv, du, dothers };
}
