import {
  anything,
  type Checks,
  callback,
  checkOptions,
  fieldsOf,
  finite,
  integer,
  listOf,
  object,
  required,
  size,
} from "../../options/checks.ts";
import { shapeCheck } from "../../options/lists.ts";
import { given, ofRows, optionalTensor, tensor } from "../arguments.ts";
import { addScaled, at, axes, type Dense, dense, dot, element } from "../dense.ts";
import { full, ofRow } from "./masks.ts";
import type { Score } from "./scores.ts";

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** Factor of the dot product; default 1/√d. */
  scale?: number;
  /** Whether a key is visible to a query; default all. */
  mask?: (b: number, h: number, q: number, k: number) => boolean;
  /** A visible pair's score from its scaled dot product (a cap, a bias); default unchanged. */
  score?: (score: number, b: number, h: number, q: number, k: number) => number;
  /** The factor of a visible pair's weight after the softmax: `weightDropout`; default 1. */
  dropout?: (b: number, h: number, q: number, k: number) => number;
  /** Sink of each head `[h]`: a score that joins the softmax and has no value (gpt-oss); default none. */
  sink?: Dense;
  /**
   * Absolute position of each batch row's first query; default length − t, so that the last query sees the last key.
   */
  start?: number | readonly number[];
  /** Number of keys of each batch row; default s. Those beyond are never read. */
  length?: number | readonly number[];
}

const optionChecks: Checks<AttentionOptions> = {
  scale: finite,
  mask: callback,
  score: callback,
  dropout: callback,
  sink: optionalTensor,
  start: ofRows(integer()),
  length: ofRows(size),
};

/** Scores of this or less do not count, as those of keys that the mask hides. */
export const lowestScore = -1e38;

/**
 * Scaled dot-product attention with grouped key and value heads: `out = softmax(score(scale · q · kᵀ)) · v` over the
 * keys that the mask leaves (Vaswani et al. 2017, section 3.2.1; Ainslie et al. 2023 for the groups).
 *
 * q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]` → out `[b, h, t, dv]`, lse `[b, h, t]`, the natural logarithm
 * of each row's sum of exponentials. Query head i reads key and value head floor(i / (h / g)). `mask` and `score`
 * receive absolute positions: q is start + its row, k the key's row. A key whose score is −10³⁸ or less counts as
 * hidden. A query that sees no key gives zeros and an lse of −∞, or of the sink; a NaN in a query, or in a key or value
 * that it sees, gives NaN.
 */
export function attention(
  tensors: { q: Dense; k: Dense; v: Dense },
  options: AttentionOptions = {},
): { out: Dense; lse: Dense } {
  const { q, k, v } = given("attention", tensors, { q: tensor, k: tensor, v: tensor });
  given("attention", options, optionChecks);
  const patterns = { q: "b h t d", k: "b g s d", v: "b g s dv" } as const;
  const { b, h, t, d, g, s, dv } = axes("attention", { q, k, v }, patterns);
  const { scale = 1 / Math.sqrt(d), mask = full, score = (value: number) => value, length = s } = options;
  const { sink, dropout = () => 1 } = options;
  if (sink) axes("attention", { q, sink }, { q: "b h t d", sink: "h" });
  if (h % g !== 0) throw new RangeError(`attention: ${h} query heads (q) do not divide among ${g} key heads (k)`);

  const out = dense([b, h, t, dv]);
  const lse = dense([b, h, t]);
  for (let batch = 0; batch < b; batch++) {
    const keys = ofRow(length, batch);
    const start = options.start === undefined ? keys - t : ofRow(options.start, batch);
    if (keys > s) throw new RangeError(`attention: length ${keys} of batch row ${batch}, but k has ${s} rows`);
    for (let head = 0; head < h; head++) {
      const group = batch * g + Math.floor(head / (h / g));
      for (let i = 0; i < t; i++) {
        const query = (batch * h + head) * t + i;
        const position = start + i;

        const scores = new Map<number, number>(); // of the visible keys
        const joined = sink ? element(sink, [head]) : Number.NEGATIVE_INFINITY; // the sink's score
        let max = joined;
        for (let key = 0; key < keys; key++) {
          if (!mask(batch, head, position, key)) continue;
          const product = dot(q.values, query * d, k.values, (group * s + key) * d, d);
          const value = score(scale * product, batch, head, position, key);
          if (value <= lowestScore) continue;
          scores.set(key, value);
          max = Math.max(max, value);
        }
        if (max === Number.NEGATIVE_INFINITY) {
          lse.values[query] = max;
          continue;
        }

        let sum = Math.exp(joined - max);
        const accumulator = new Float64Array(dv);
        for (const [key, value] of scores) {
          const weight = Math.exp(value - max);
          sum += weight;
          addScaled(accumulator, weight * dropout(batch, head, position, key), v.values, (group * s + key) * dv);
        }
        for (const [j, value] of accumulator.entries()) out.values[query * dv + j] = value / sum;
        lse.values[query] = max + Math.log(sum);
      }
    }
  }
  return { out, lse };
}

/** The state of attention over some of the keys: out `[b, h, t, dv]` and lse `[b, h, t]`. */
export interface AttentionState {
  readonly out: Dense;
  readonly lse: Dense;
}

const state = required(object<AttentionState>({ out: tensor, lse: tensor }));

/**
 * Attention over the union of two sets of keys from attention over each: with M the larger lse and w = exp(lse − M),
 * `out = (w₁ · out₁ + w₂ · out₂) / (w₁ + w₂)` and `lse = M + log(w₁ + w₂)` (Rabe and Staats 2021, section 3; Ye et al.
 * 2025, section 2.2). A side whose lse is −∞ saw no keys, and its out is ignored; two of them give zeros and −∞.
 */
export function mergeAttention(states: { left: AttentionState; right: AttentionState }): AttentionState {
  const { left, right } = given("mergeAttention", states, { left: state, right: state });
  const { b, h, t, dv } = axes(
    "mergeAttention",
    { left: left.out, leftLse: left.lse, right: right.out, rightLse: right.lse },
    { left: "b h t dv", leftLse: "b h t", right: "b h t dv", rightLse: "b h t" },
  );
  const out = dense([b, h, t, dv]);
  const lse = dense([b, h, t]);
  for (let row = 0; row < b * h * t; row++) {
    const sides = [left, right].map((side) => ({ lse: at(side.lse.values, row), values: side.out.values }));
    const seen = sides.filter((side) => side.lse !== Number.NEGATIVE_INFINITY);
    const max = Math.max(...sides.map((side) => side.lse));
    let sum = 0;
    for (const side of seen) sum += Math.exp(side.lse - max);
    lse.values[row] = seen.length > 0 ? max + Math.log(sum) : Number.NEGATIVE_INFINITY;
    for (let j = 0; j < dv; j++) {
      let accumulator = 0;
      for (const side of seen) accumulator += Math.exp(side.lse - max) * at(side.values, row * dv + j);
      out.values[row * dv + j] = seen.length > 0 ? accumulator / sum : 0;
    }
  }
  return { out, lse };
}

/**
 * A tensor that a score reads: its shape, the index of a pair's element (past the last for none), and the score's
 * slope.
 */
export interface ScoreTensor {
  readonly shape: readonly number[];
  readonly element: (batch: number, head: number, query: number, key: number) => number;
  /** The derivative of the score by the element, at the scaled dot product. */
  readonly slope: Score;
}

/** Options of {@link attentionBackward}: those of attention, and the derivatives of its score. */
export interface AttentionBackwardOptions extends AttentionOptions {
  /** The derivative of the score by the scaled dot product; default 1, as for a score that only adds. */
  derivative?: Score;
  /** Tensors of the score whose gradients are wanted. */
  scoreTensors?: readonly ScoreTensor[];
}

const tensorFields = fieldsOf<ScoreTensor>({
  shape: required(shapeCheck),
  element: required(callback),
  slope: required(callback),
});

const backwardChecks: Checks<AttentionBackwardOptions> = {
  scale: finite,
  mask: callback,
  score: callback,
  dropout: callback,
  derivative: callback,
  scoreTensors: listOf(anything), // each is checked below, so that an error names the missing field
  sink: optionalTensor,
  start: ofRows(integer()),
  length: ofRows(size),
};

/**
 * The gradients of attention from the gradient of its result. With weights P = exp(score − lse), their factors in
 * dropout, M, and δ = Σ out · dout of a row: dv = (P · M)ᵀ · dout; ds = P · (dout · vᵀ · M − δ) · derivative · scale;
 * dq = ds · k; dk = dsᵀ · q, both dk and dv summed over the query heads that read them; dsink = −Σ exp(sink − lse) · δ
 * (Dao et al. 2022, appendix B). A tensor of the score has the sum of P · (dout · vᵀ · M − δ) · slope over the pairs
 * that read an element.
 *
 * q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]`, out and dout `[b, h, t, dv]`, lse `[b, h, t]` → dq, dk, dv of
 * the shapes of q, k, v, dsink `[h]` where there is a sink, and dscore where tensors of the score are named. Options as
 * in `attention`.
 */
export function attentionBackward(
  tensors: { q: Dense; k: Dense; v: Dense; out: Dense; lse: Dense; dout: Dense },
  options: AttentionBackwardOptions = {},
): { dq: Dense; dk: Dense; dv: Dense; dsink?: Dense; dscore?: readonly Dense[] } {
  const all = { q: tensor, k: tensor, v: tensor, out: tensor, lse: tensor, dout: tensor };
  const { q, k, v, out, lse, dout } = given("attentionBackward", tensors, all);
  given("attentionBackward", options, backwardChecks);
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
