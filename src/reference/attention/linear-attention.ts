import { integer, oneOf, size } from "../../options/checks.ts";
import { given, tensor } from "../arguments.ts";
import { addScaled, at, axes, type Dense, dense } from "../dense.ts";

/** Options of {@link linearAttention}. */
export interface LinearAttentionOptions {
  /** Whether a key is visible to a query; default those up to its own position. */
  mask?: "causal" | "full";
  /** Absolute position of the first query; default length − t. */
  start?: number;
  /** Number of keys; default s. Those beyond are never read. */
  length?: number;
}

/** The feature map elu(x) + 1 (Katharopoulos et al. 2020, equation 7). */
export const feature = (x: number): number => (x > 0 ? x + 1 : Math.exp(x));

/**
 * Linear attention as a weighted mean, pair by pair: `out = Σ w · v / Σ w` over the visible keys with w = φ(q) · φ(k)
 * (Katharopoulos et al. 2020, equation 3). q `[b, h, t, d]`, k `[b, g, s, d]`, v `[b, g, s, dv]` → out `[b, h, t, dv]`.
 * Query head i reads key and value head floor(i / (h / g)). A query that sees no key gives zeros.
 */
export function linearAttention(
  tensors: { q: Dense; k: Dense; v: Dense },
  options: LinearAttentionOptions = {},
): { out: Dense } {
  const { q, k, v } = given("linearAttention", tensors, { q: tensor, k: tensor, v: tensor });
  given("linearAttention", options, { mask: oneOf("causal", "full"), start: integer(), length: size });
  const patterns = { q: "b h t d", k: "b g s d", v: "b g s dv" } as const;
  const { b, h, t, d, g, s, dv } = axes("linearAttention", { q, k, v }, patterns);
  const { mask = "causal", length = s, start = length - t } = options;
  if (h % g !== 0) throw new RangeError(`linearAttention: ${h} query heads (q) do not divide among ${g} key heads (k)`);
  if (length > s) throw new RangeError(`linearAttention: length ${length}, but k has ${s} rows`);

  const out = dense([b, h, t, dv]);
  for (let query = 0; query < b * h * t; query++) {
    const [batch, head, row] = [Math.floor(query / (h * t)), Math.floor(query / t) % h, query % t];
    const group = batch * g + Math.floor(head / (h / g));
    const end = mask === "full" ? length : Math.max(0, Math.min(length, start + row + 1));
    const accumulator = new Float64Array(dv);
    let sum = 0;
    for (let key = 0; key < end; key++) {
      let weight = 0;
      for (let i = 0; i < d; i++) {
        weight += feature(at(q.values, query * d + i)) * feature(at(k.values, (group * s + key) * d + i));
      }
      sum += weight;
      addScaled(accumulator, weight, v.values, (group * s + key) * dv);
    }
    if (end > 0) for (const [j, value] of accumulator.entries()) out.values[query * dv + j] = value / sum;
  }
  return { out };
}
