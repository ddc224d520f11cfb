// The merge of two attention states as plain f32, every operation rounded.
import { at, axes, dense } from "../../reference/dense.ts";
import type { AttentionState } from "../../reference/merge.ts";

const f = Math.fround;

/** The merge in f32; as `src/reference/merge.ts`. */
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
