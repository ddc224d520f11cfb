// Attention as plain f32 loops: all scores of a query, then their softmax, then the sum over values, key by key or in runs.
import { type AttentionOptions, lowestScore } from "../../reference/attention.ts";
import { at, axes, type Dense, dense } from "../../reference/dense.ts";
import { ofRow } from "../../reference/masks.ts";
import { allowedUlps } from "../gate.ts";
import { inRuns, inTurn, type Sum } from "./sums.ts";

const f = Math.fround;

/**
 * What WGSL allows the builtins of attention, for {@link Gate.allowed}: averaged over many weights, exp errs by a part
 * of what it may. The errors do not average out: on llvmpipe and SwiftShader exp errs by 0.9 ulps on average between −1
 * and 0 and by 2.2 between −8 and −4, nearly always upwards. Where splits are merged, a weight is a product of two
 * exponentials.
 */
export const allowedInAttention = (_inputs: unknown, variant: string): number =>
  allowedUlps.exp(0) * (variant.startsWith("split") ? 2 : 1);

/** Naive sums key by key, all others in runs, for {@link Gate.sum}. */
export const sumInAttention = (variant: string): Sum => (variant === "naive" ? inTurn : inRuns);

/** Attention in f32, every operation rounded; as `src/reference/attention.ts`, a score function's result is rounded. */
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
    const scores: { key: number; value: number }[] = [];
    for (let key = 0; key < keys; key++) {
      if (!mask(batch, head, position, key)) continue;
      const product = inTurn((i) => f(at(q.values, query * d + i) * at(k.values, (group * s + key) * d + i)), d);
      const value = f(score(f(scale * product), batch, head, position, key));
      if (!(value <= lowestScore)) scores.push({ key, value });
    }
    const sink = options.sink ? at(options.sink.values, head) : Number.NEGATIVE_INFINITY;
    const max = scores.reduce((largest, { value }) => Math.max(largest, value), sink);
    if (max === Number.NEGATIVE_INFINITY) continue;
    const weights = Float64Array.from(scores, ({ value }) => f(Math.exp(f(value - max))));
    const rows = Float64Array.from(scores, ({ key }) => (group * s + key) * dv);
    const counted = weights.map((weight, i) => f(weight * dropout(batch, head, position, scores[i]?.key ?? 0)));
    const sum = f(f(Math.exp(f(sink - max))) + sumOf((i) => at(weights, i), weights.length));
    for (let j = 0; j < dv; j++) {
      const weighted = sumOf((i) => f(at(counted, i) * at(v.values, at(rows, i) + j)), weights.length);
      out.values[query * dv + j] = f(weighted / sum);
    }
    lse.values[query] = f(max + f(Math.log(sum)));
  }
  return { out, lse };
}
