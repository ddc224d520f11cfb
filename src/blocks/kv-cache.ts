import type { Gpu } from "../gpu/gpu.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { placeholder, type Tensor, zeros } from "../tensor/tensor.ts";
import { slice } from "../tensor/views.ts";

/** Keys and values of one layer, `[b, g, s, d]` with `s` the capacity in tokens. */
export interface LayerCache {
  readonly keys: Tensor;
  readonly values: Tensor;
}

/** The cache of a model: one pair of tensors a layer. */
export type KvCache = readonly LayerCache[];

/** Sizes of a cache. */
export interface CacheShape {
  readonly layers: number;
  readonly batch: number;
  readonly kvHeads: number;
  /** Tokens that fit; rounded up to 64 so that every batch row starts where a binding may start. */
  readonly capacity: number;
  readonly headWidth: number;
}

const shapeOf = ({ batch, kvHeads, capacity, headWidth }: CacheShape) =>
  [batch, kvHeads, Math.ceil(capacity / 64) * 64, headWidth] as const;

/** Bytes that a cache of this shape takes. */
export function cacheBytes(shape: CacheShape): number {
  return 2 * shape.layers * shapeOf(shape).reduce((product, axis) => product * axis, 1) * bytesPerElement.f32;
}

/** An empty cache in memory of its own. */
export function createCache(gpu: Gpu, shape: CacheShape): KvCache {
  return Array.from({ length: shape.layers }, (_, layer) => ({
    keys: zeros(gpu, shapeOf(shape), "f32", `layer.${layer} keys`),
    values: zeros(gpu, shapeOf(shape), "f32", `layer.${layer} values`),
  }));
}

/** A cache for recording: which one it is, an instance says. */
export function placeholderCache(gpu: Gpu, shape: CacheShape): KvCache {
  return Array.from({ length: shape.layers }, (_, layer) => ({
    keys: placeholder(gpu, shapeOf(shape), "f32", `layer.${layer} keys`),
    values: placeholder(gpu, shapeOf(shape), "f32", `layer.${layer} values`),
  }));
}

/** One batch row of a cache, sharing its memory. */
export function cacheRow(cache: KvCache, row: number): KvCache {
  return cache.map(({ keys, values }) => ({
    keys: slice(keys, 0, row, row + 1),
    values: slice(values, 0, row, row + 1),
  }));
}

/** Pairs of placeholder and real tensors for `replacements`. */
export function cachePairs(logical: KvCache, real: KvCache): (readonly [Tensor, Tensor])[] {
  return logical.flatMap(({ keys, values }, layer) => {
    const own = real[layer];
    return own ? ([[keys, own.keys] as const, [values, own.values] as const] as const) : [];
  });
}

/** Frees a cache. */
export function disposeCache(cache: KvCache): void {
  for (const { keys, values } of cache) {
    keys.dispose();
    values.dispose();
  }
}
