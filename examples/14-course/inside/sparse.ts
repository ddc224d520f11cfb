import { type AttentionMask, attention, normal, ringAttention } from "shaderformer";
import type { Run } from "../experiment.ts";
import { pairsIn, sharesOf, wordsOf } from "../pairs.ts";
import type { SettingsOf } from "../sections.ts";

/** Which pairs sparse masks keep of a text, and attention that is shared among the devices of a ring. */
export const run: Run<SettingsOf<"sparse">> = async function* (gpu, { text, window, stride, devices, tokens, seed }) {
  const words = wordsOf(text, 40);
  const masks: Readonly<Record<string, AttentionMask>> = {
    causal: "causal",
    [`local: the last ${window} words`]: { kind: "sliding-window", keys: window },
    [`sparse: the last ${stride}, and every ${stride}th before`]: { kind: "strided", stride },
  };
  const kept: number[] = [];
  for (const [title, mask] of Object.entries(masks)) {
    const shares = await sharesOf(gpu, words.length, words.length, mask);
    kept.push(pairsIn(shares));
    yield { kind: "grid", title, rows: words, columns: words, values: shares };
  }
  yield {
    kind: "bars",
    title: "Pairs of a query and a key",
    bars: Object.keys(masks).map((name, i) => [name, kept[i] ?? 0]),
  };
  // A ring computes all pairs, but no device ever holds all keys: they travel from one to the next.
  using _scope = gpu.scope();
  const [q, k, v] = [0, 1, 2].map((i) => normal(gpu, [1, 2, tokens, 16], { seed: seed + i }));
  if (!q || !k || !v) throw new Error("three tensors");
  const whole = await attention(gpu, { q, k, v }, { mask: "causal" }).out.read();
  const ring = ringAttention(gpu, { q, k, v }, { shards: devices, mask: "causal" });
  const shared = await ring.out.read();
  const apart = shared.reduce((most, value, i) => Math.max(most, Math.abs(value - (whole[i] ?? 0))), 0);
  return {
    "share of causal pairs, local": (kept[1] ?? 0) / (kept[0] ?? 1),
    "share of causal pairs, sparse": (kept[2] ?? 0) / (kept[0] ?? 1),
    "largest difference of the ring": apart,
    "keys on one device of the ring": Math.ceil(tokens / devices),
  };
};
