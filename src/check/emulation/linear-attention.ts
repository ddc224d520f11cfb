// Linear attention as plain f32 loops, pair by pair, every operation rounded, with sums over keys in runs as the kernel's.
import { at, axes, type Dense, dense } from "../../reference/dense.ts";
import { feature, type LinearAttentionOptions } from "../../reference/linear-attention.ts";
import { inRuns, inTurn } from "./sums.ts";

const f = Math.fround;

/** Linear attention in f32; as `src/reference/linear-attention.ts`. */
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
