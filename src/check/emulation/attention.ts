import { type AttentionOptions, type AttentionState, lowestScore } from "../../reference/attention/attention.ts";
import { feature, type LinearAttentionOptions } from "../../reference/attention/linear-attention.ts";
import { ofRow } from "../../reference/attention/masks.ts";
import { at, axes, type Dense, dense } from "../../reference/dense.ts";
import { allowedUlps } from "../gate.ts";
import { inRuns, inRunsOf, inTurn, type Sum } from "./sums.ts";

// Attention as plain f32 loops: all scores of a query, then their softmax, then the sum over values, key by key or in
// runs.

const f = Math.fround;

/**
 * The errors that WGSL allows the builtins of attention, for {@link Gate.allowed}: averaged over many weights, exp errs
 * by a part of its limit. The errors do not average out: on llvmpipe and SwiftShader exp errs by 0.9 ulps on average
 * between −1 and 0 and by 2.2 between −8 and −4, nearly always upwards. Where splits are merged, a weight is a product
 * of two exponentials.
 */
export const allowedInAttention = (_inputs: unknown, variant: string): number =>
  allowedUlps.exp(0) * (variant.startsWith("split") ? 2 : 1);

/** Naive sums key by key, flashPlain tile by tile, all others in runs, for {@link Gate.sum}. */
export const sumInAttention = (variant: string): Sum =>
  variant === "naive" ? inTurn : variant === "flashPlain" ? inRunsOf(16) : inRuns;

/**
 * Attention in f32, every operation rounded; as `src/reference/attention/attention.ts`, a score function's result is
 * rounded.
 */
export function attention(
  { q, k, v }: { q: Dense; k: Dense; v: Dense },
  options: AttentionOptions = {},
  sumOf: Sum = inTurn,
): { out: Dense; lse: Dense } {
  const { b, h, t, d, g, s, dv } = axes("attention", { q, k, v }, { q: "b h t d", k: "b g s d", v: "b g s dv" });
  const { mask = () => true, score = (value: number) => value, length = s, dropout = () => 1 } = options;
  const scale = f(options.scale ?? 1 / Math.sqrt(d));
  const out = dense([b, h, t, dv]);
  const lse = dense([b, h, t], new Float64Array(b * h * t).fill(Number.NEGATIVE_INFINITY));
  for (let query = 0; query < b * h * t; query++) {
    const [batch, head, row] = [Math.floor(query / (h * t)), Math.floor(query / t) % h, query % t];
    const group = batch * g + Math.floor(head / (h / g));
    const keys = ofRow(length, batch);
    const position = (options.start === undefined ? keys - t : ofRow(options.start, batch)) + row;
    const [seen, scores]: [number[], number[]] = [[], []];
    for (let key = 0; key < keys; key++) {
      if (!mask(batch, head, position, key)) continue;
      let product = 0;
      for (let i = 0; i < d; i++) {
        product = f(product + f(at(q.values, query * d + i) * at(k.values, (group * s + key) * d + i)));
      }
      const value = f(score(f(scale * product), batch, head, position, key));
      if (value <= lowestScore) continue;
      seen.push(key);
      scores.push(value);
    }
    const sink = options.sink ? at(options.sink.values, head) : Number.NEGATIVE_INFINITY;
    const max = scores.reduce((largest, value) => Math.max(largest, value), sink);
    if (max === Number.NEGATIVE_INFINITY) continue;
    const weights = Float64Array.from(scores, (value) => f(Math.exp(f(value - max))));
    const rows = Float64Array.from(seen, (key) => (group * s + key) * dv);
    const counted = weights.map((weight, i) => f(weight * dropout(batch, head, position, seen[i] ?? 0)));
    const sum = f(f(Math.exp(f(sink - max))) + sumOf((i) => at(weights, i), weights.length));
    for (let j = 0; j < dv; j++) {
      const weighted = sumOf((i) => f(at(counted, i) * at(v.values, at(rows, i) + j)), weights.length);
      out.values[query * dv + j] = f(weighted / sum);
    }
    lse.values[query] = f(max + f(Math.log(sum)));
  }
  return { out, lse };
}

// The merge of two attention states as plain f32, every operation rounded.

/** The merge in f32; as `src/reference/attention/attention.ts`. */
export function mergeAttention({ left, right }: { left: AttentionState; right: AttentionState }): AttentionState {
  const { b, h, t, dv } = axes("mergeAttention", { out: left.out, lse: left.lse }, { out: "b h t dv", lse: "b h t" });
  const out = dense([b, h, t, dv]);
  const lse = dense([b, h, t]);
  for (let row = 0; row < b * h * t; row++) {
    const seen = [left, right].filter((side) => at(side.lse.values, row) !== Number.NEGATIVE_INFINITY);
    const max = Math.max(...[left, right].map((side) => at(side.lse.values, row)));
    const weights = seen.map((side) => f(Math.exp(f(at(side.lse.values, row) - max))));
    const sum = weights.reduce((total, weight) => f(total + weight), 0);
    lse.values[row] = seen.length > 0 ? f(max + f(Math.log(sum))) : max;
    for (let j = 0; j < dv; j++) {
      const accumulator = seen.reduce(
        (total, side, i) => f(total + f((weights[i] ?? 0) * at(side.out.values, row * dv + j))),
        0,
      );
      out.values[row * dv + j] = seen.length > 0 ? f(accumulator / sum) : 0;
    }
  }
  return { out, lse };
}

// Linear attention as plain f32 loops, pair by pair, every operation rounded, with sums over keys in runs as the
// kernel's.

/** Linear attention in f32; as `src/reference/attention/linear-attention.ts`. */
export function linearAttention(
  { q, k, v }: { q: Dense; k: Dense; v: Dense },
  options: LinearAttentionOptions = {},
): { out: Dense } {
  const { b, h, t, d, g, s, dv } = axes("linearAttention", { q, k, v }, { q: "b h t d", k: "b g s d", v: "b g s dv" });
  const { mask = "causal", length = s, start = length - t } = options;
  const features = ({ values }: Dense) => values.map((x) => f(feature(x)));
  const [ofQueries, ofKeys] = [features(q), features(k)];
  const out = dense([b, h, t, dv]);
  for (let query = 0; query < b * h * t; query++) {
    const [batch, head, row] = [Math.floor(query / (h * t)), Math.floor(query / t) % h, query % t];
    const group = batch * g + Math.floor(head / (h / g));
    const end = mask === "full" ? length : Math.max(0, Math.min(length, start + row + 1));
    const weights = Float64Array.from({ length: end }, (_, key) =>
      inTurn((i) => f(at(ofQueries, query * d + i) * at(ofKeys, (group * s + key) * d + i)), d),
    );
    const sum = inRuns((key) => at(weights, key), end);
    for (let j = 0; j < dv && end > 0; j++) {
      const weighted = inRuns((key) => f(at(weights, key) * at(v.values, (group * s + key) * dv + j)), end);
      out.values[query * dv + j] = f(weighted / sum);
    }
  }
  return { out };
}
