import { type Checks, callback, finite, integer, size } from "../options/checks.ts";
import { addScaled, axes, type Dense, dense, dot, element } from "./dense.ts";
import { given, ofRows, optionalTensor, tensor } from "./given.ts";
import { full, ofRow } from "./masks.ts";

/** Options of {@link attention}. */
export interface AttentionOptions {
  /** Factor of the dot product; default 1/√d. */
  scale?: number;
  /** Whether a key is visible to a query; default all. */
  mask?: (b: number, h: number, q: number, k: number) => boolean;
  /** A visible pair's score from its scaled dot product (a cap, a bias); default unchanged. */
  score?: (score: number, b: number, h: number, q: number, k: number) => number;
  /** What the weight of a visible pair is multiplied by after the softmax: `weightDropout`; default 1. */
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
 * of each row's sum of exponentials. Query head i reads key and value head floor(i / (h / g)). `mask` and `score` are
 * given absolute positions: q is start + its row, k the key's row. A key whose score is −10³⁸ or less counts as hidden. A
 * query that sees no key gives zeros and an lse of −∞, or of the sink; a NaN in a query, or in a key or value that it sees, gives NaN.
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
