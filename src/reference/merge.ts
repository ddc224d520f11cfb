import { object, required } from "../options/checks.ts";
import { at, axes, type Dense, dense } from "./dense.ts";
import { given, tensor } from "./given.ts";

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
