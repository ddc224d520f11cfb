import {
  anything,
  type Checks,
  callback,
  checkOptions,
  fieldsOf,
  finite,
  integer,
  listOf,
  required,
  size,
} from "../options/checks.ts";
import { shapeCheck } from "../options/lists.ts";
import { type AttentionOptions, lowestScore } from "./attention.ts";
import { addScaled, at, axes, type Dense, dense, dot } from "./dense.ts";
import { given, ofRows, optionalTensor, tensor } from "./given.ts";
import { full, ofRow } from "./masks.ts";
import type { Score } from "./scores.ts";

/** A tensor that a score reads: its shape, the element of a pair or a number that is none, and how the score moves with it. */
export interface ScoreTensor {
  readonly shape: readonly number[];
  readonly element: (batch: number, head: number, query: number, key: number) => number;
  /** The derivative of the score by the element, at the scaled dot product. */
  readonly slope: Score;
}

/** Options of {@link attentionBackward}: those of attention, and how its score moves. */
export interface AttentionBackwardOptions extends AttentionOptions {
  /** The derivative of the score by the scaled dot product; default 1, that of a score that adds. */
  derivative?: Score;
  /** Tensors of the score whose gradients are wanted. */
  scoreTensors?: readonly ScoreTensor[];
}

const tensorFields = fieldsOf<ScoreTensor>({
  shape: required(shapeCheck),
  element: required(callback),
  slope: required(callback),
});

const optionChecks: Checks<AttentionBackwardOptions> = {
  scale: finite,
  mask: callback,
  score: callback,
  dropout: callback,
  derivative: callback,
  scoreTensors: listOf(anything), // each is checked below, so that an error names what it lacks
  sink: optionalTensor,
  start: ofRows(integer()),
  length: ofRows(size),
};

/**
 * The gradients of attention from the gradient of its result. With weights P = exp(score − lse), what dropout multiplies
 * them by, M, and δ = Σ out · dout of a row: dv = (P · M)ᵀ · dout; ds = P · (dout · vᵀ · M − δ) · derivative · scale; dq = ds · k;
 * dk = dsᵀ · q, both dk and dv summed over the query heads that read them; dsink = −Σ exp(sink − lse) · δ (Dao et al. 2022,
 * appendix B). A tensor of the score has the sum of P · (dout · vᵀ · M − δ) · slope over the pairs that read an element.
 *
 * q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]`, out and dout `[b, h, t, dv]`, lse `[b, h, t]` → dq, dk, dv of the
 * shapes of q, k, v, dsink `[h]` where there is a sink, and dscore where tensors of the score are named. Options as in `attention`.
 */
export function attentionBackward(
  tensors: { q: Dense; k: Dense; v: Dense; out: Dense; lse: Dense; dout: Dense },
  options: AttentionBackwardOptions = {},
): { dq: Dense; dk: Dense; dv: Dense; dsink?: Dense; dscore?: readonly Dense[] } {
  const all = { q: tensor, k: tensor, v: tensor, out: tensor, lse: tensor, dout: tensor };
  const { q, k, v, out, lse, dout } = given("attentionBackward", tensors, all);
  given("attentionBackward", options, optionChecks);
  for (const [i, one] of options.scoreTensors?.entries() ?? [])
    checkOptions("attentionBackward", tensorFields, one, `scoreTensors[${i}].`);
  const patterns = { q: "b h t d", k: "b g s d", v: "b g s dv", out: "b h t dv", lse: "b h t", dout: "b h t dv" };
  const sizes = axes("attentionBackward", { q, k, v, out, lse, dout }, patterns);
  const { b, h, t, d, g, s, dv: width } = sizes as Record<"b" | "h" | "t" | "d" | "g" | "s" | "dv", number>;
  const { scale = 1 / Math.sqrt(d), mask = full, score = (value: number) => value, derivative = () => 1 } = options;
  const { length = s, sink, dropout = () => 1, scoreTensors: read = [] } = options;

  const [dq, dk, dv] = [dense(q.shape), dense(k.shape), dense(v.shape)];
  const dsink = sink ? dense(sink.shape) : undefined;
  const dscores = read.map(({ shape }) => dense(shape));
  const add = (into: Dense, first: number, count: number, factor: number, from: Dense, at: number) =>
    addScaled(into.values.subarray(first, first + count), factor, from.values, at);
  for (let query = 0; query < b * h * t; query++) {
    const [batch, head, row] = [Math.floor(query / (h * t)), Math.floor(query / t) % h, query % t];
    const group = batch * g + Math.floor(head / (h / g));
    const keys = ofRow(length, batch);
    const position = (options.start === undefined ? keys - t : ofRow(options.start, batch)) + row;
    const sum = at(lse.values, query);
    const delta = dot(out.values, query * width, dout.values, query * width, width);
    for (let key = 0; key < keys; key++) {
      if (!mask(batch, head, position, key)) continue;
      const pair = group * s + key;
      const product = scale * dot(q.values, query * d, k.values, pair * d, d);
      const value = score(product, batch, head, position, key);
      if (value <= lowestScore) continue;
      const weight = Math.exp(value - sum);
      const dweight = dot(dout.values, query * width, v.values, pair * width, width);
      const kept = dropout(batch, head, position, key);
      const dscore = weight * (dweight * kept - delta);
      const dproduct = dscore * derivative(product, batch, head, position, key) * scale;
      add(dq, query * d, d, dproduct, k, pair * d);
      add(dk, pair * d, d, dproduct, q, query * d);
      add(dv, pair * width, width, weight * kept, dout, query * width);
      for (const [i, { element, slope }] of read.entries()) {
        const { values } = dscores[i] as Dense;
        const index = element(batch, head, position, key);
        if (index < 0 || index >= values.length) continue;
        values[index] = at(values, index) + dscore * slope(product, batch, head, position, key);
      }
    }
    if (sink && dsink && sum !== Number.NEGATIVE_INFINITY) {
      dsink.values[head] = at(dsink.values, head) - Math.exp(at(sink.values, head) - sum) * delta;
    }
  }
  return { dq, dk, dv, ...(dsink ? { dsink } : {}), ...(read.length > 0 ? { dscore: dscores } : {}) };
}
