import type { Gpu } from "../gpu/gpu.ts";
import { bytesPerElement } from "../tensor/dtype.ts";
import { sizeOf } from "../tensor/shape.ts";
import { placeholder, type Tensor, zeros } from "../tensor/tensor.ts";
import { slice } from "../tensor/views.ts";

/** Keys `[b, g, s, d]` and values `[b, g, s, dv]` of one layer, with `s` the capacity in tokens. */
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
  /** Elements of a key, d. */
  readonly headWidth: number;
  /** Elements of a value, dv; default those of a key. */
  readonly valueWidth?: number;
}

const shapeOf = ({ batch, kvHeads, capacity }: CacheShape, width: number) =>
  [batch, kvHeads, Math.ceil(capacity / 64) * 64, width] as const;
const keysOf = (shape: CacheShape) => shapeOf(shape, shape.headWidth);
const valuesOf = (shape: CacheShape) => shapeOf(shape, shape.valueWidth ?? shape.headWidth);

/** Bytes of the keys of one layer. */
export function keyBytes(shape: CacheShape): number {
  return sizeOf(keysOf(shape)) * bytesPerElement.f32;
}

/** Bytes that a cache of this shape takes. */
export function cacheBytes(shape: CacheShape): number {
  return shape.layers * (keyBytes(shape) + sizeOf(valuesOf(shape)) * bytesPerElement.f32);
}

/** An empty cache in memory of its own. */
export function createCache(gpu: Gpu, shape: CacheShape): KvCache {
  return Array.from({ length: shape.layers }, (_, layer) => ({
    keys: zeros(gpu, keysOf(shape), "f32", `layer.${layer} keys`),
    values: zeros(gpu, valuesOf(shape), "f32", `layer.${layer} values`),
  }));
}

/** A cache for recording: which one it is, an instance says. */
export function placeholderCache(gpu: Gpu, shape: CacheShape): KvCache {
  return Array.from({ length: shape.layers }, (_, layer) => ({
    keys: placeholder(gpu, keysOf(shape), "f32", `layer.${layer} keys`),
    values: placeholder(gpu, valuesOf(shape), "f32", `layer.${layer} values`),
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
