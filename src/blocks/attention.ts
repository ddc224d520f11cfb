import type { Gpu } from "../gpu/gpu.ts";
import { attention } from "../kernels/attention/attention.ts";
import { appendKv } from "../kernels/kv-cache/append.ts";
import { rope } from "../kernels/rope/rope.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { reshape, slice, transpose } from "../tensor/views.ts";
import type { LayerCache } from "./kv-cache.ts";
import { type Linear, linear } from "./linear.ts";
import { type Norm, norm } from "./norm.ts";

/** Where this run's tokens stand: at the step's positions, which change from replay to replay, or from `start` on. */
export type Place = { readonly step: Tensor } | { readonly start: number };

/** Projections of one attention layer. */
export interface AttentionWeights {
  readonly q: Linear;
  readonly k: Linear;
  readonly v: Linear;
  readonly output: Linear;
  /** Norms of each head's query and key before rotation (Qwen3). */
  readonly qNorm?: Norm | undefined;
  readonly kNorm?: Norm | undefined;
  /** A score of each query head that takes its share of the softmax and has no value `[h]` (gpt-oss). */
  readonly sinks?: Tensor | undefined;
}

/** What an attention layer is, besides its weights. */
export interface AttentionShape {
  readonly heads: number;
  readonly kvHeads: number;
  readonly headWidth: number;
  /** Keys that a query sees, itself included; unset: all before it. */
  readonly window?: number | undefined;
  /** Factor of the scores; default `1/√headWidth`. */
  readonly scale?: number | undefined;
  /** Pairing of rotated elements; only used with a table. */
  readonly ropeLayout?: "halves" | "interleaved";
}

/** What an attention layer works on. */
export interface AttentionInputs {
  /** `[b, t, c]`, normed. */
  readonly x: Tensor;
  readonly cache: LayerCache;
  /** Cosines and sines `[positions, pairs, 2]`; unset for models without rotary positions. */
  readonly ropeTable?: Tensor | undefined;
  readonly place: Place;
  /** Cached tokens that can be visible in this run: the part of the cache that grids are sized for. */
  readonly visible: number;
}

/**
 * Causal self-attention with a cache: project, rotate, store, attend, project (Vaswani et al. 2017, section 3.2;
 * grouped heads after Ainslie et al. 2023). Returns `[b, t, c]`.
 */
export function attentionLayer(
  gpu: Gpu,
  name: string,
  { x, cache, ropeTable, place, visible }: AttentionInputs,
  weights: AttentionWeights,
  { heads, kvHeads, headWidth, window, scale, ropeLayout = "halves" }: AttentionShape,
): Tensor {
  const [b = 1, t = 1] = x.shape;
  const split = (projected: Tensor, count: number) => reshape(projected, [b, t, count, headWidth]);
  let q = split(linear(gpu, x, weights.q), heads);
  let k = split(linear(gpu, x, weights.k), kvHeads);
  const v = split(linear(gpu, x, weights.v), kvHeads);
  if (weights.qNorm) q = norm(gpu, q, weights.qNorm);
  if (weights.kNorm) k = norm(gpu, k, weights.kNorm);
  const at = "step" in place ? { step: place.step } : {};
  const start = "start" in place ? { start: place.start } : {};
  if (ropeTable) {
    q = rope(gpu, { x: q, table: ropeTable, ...at }, { layout: ropeLayout, ...start }).y;
    k = rope(gpu, { x: k, table: ropeTable, ...at }, { layout: ropeLayout, ...start }).y;
  }
  gpu.tap(`${name}.q`, q);
  gpu.tap(`${name}.k`, k);
  gpu.tap(`${name}.v`, v);
  appendKv(gpu, { k, v, keys: cache.keys, values: cache.values, ...at }, start);
  const { out } = attention(
    gpu,
    {
      q: transpose(q, [0, 2, 1, 3]),
      k: slice(cache.keys, 2, 0, visible),
      v: slice(cache.values, 2, 0, visible),
      sink: weights.sinks,
      ...at,
    },
    {
      mask: window === undefined ? "causal" : { kind: "sliding-window", keys: window },
      scale: scale ?? 1 / Math.sqrt(headWidth),
      ...("start" in place ? { start: place.start, length: place.start + t } : {}),
    },
  );
  const joined = reshape(transpose(out, [0, 2, 1, 3]), [b, t, heads * headWidth]);
  gpu.tap(`${name}.out`, joined);
  return linear(gpu, joined, weights.output);
}
