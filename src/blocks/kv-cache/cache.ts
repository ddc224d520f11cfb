import type { Gpu } from "../../gpu/gpu.ts";
import { type CacheFormat, cacheFormats } from "../../kernels/formats/formats.ts";
import type { KvLayout } from "../../kernels/kv-cache/layouts.ts";
import { cacheStorage } from "../../kernels/kv-cache/storage.ts";
import {
  boolean,
  checkOptions,
  checkValue,
  fieldsOf,
  integer,
  listOf,
  oneOf,
  required,
  size,
} from "../../options/checks.ts";
import { bytesPerElement, type PlainType } from "../../tensor/dtype.ts";
import { type Shape, sizeOf } from "../../tensor/shape.ts";
import { placeholder, Tensor, type TensorPair, zeros } from "../../tensor/tensor.ts";
import { slice } from "../../tensor/views.ts";
import { type CacheLayout, cacheLayouts } from "./cache-options.ts";

/**
 * The cache of one layer: keys `[b, g, s, d]` and values `[b, g, s, dv]`, with `s` the capacity in tokens or the slots
 * of a ring, or both in pages `[pages, g, page, d]`. `appendKv` writes it and `attention` reads it.
 */
export interface LayerCache {
  readonly keys: Tensor;
  readonly values: Tensor;
  /** Scales of integer keys. */
  readonly kScale?: Tensor;
  /** Scales of integer values. */
  readonly vScale?: Tensor;
  /** Maps positions to memory; unset: contiguous. */
  readonly layout?: Exclude<KvLayout, "contiguous">;
  /** True where keys and values are stored rotated (`hadamard`); attention rotates queries, and its result back. */
  readonly rotated?: boolean;
}

/** The cache of a model: one entry per layer. */
export type KvCache = readonly LayerCache[];

/** Sizes of a cache. */
export interface CacheShape {
  /** Those with keys and values, of which a model may have none. */
  readonly layers: number;
  readonly batch: number;
  readonly kvHeads: number;
  /**
   * Capacity in tokens, rounded up to a multiple of 64 so that every batch row starts at an offset allowed for
   * bindings.
   */
  readonly capacity: number;
  /** Elements of a key, d. */
  readonly headWidth: number;
  /** Elements of a value, dv; default d. */
  readonly valueWidth?: number;
  /** Default f32. */
  readonly dtype?: CacheFormat;
  /** Default contiguous. */
  readonly layout?: CacheLayout;
  /** Default false. */
  readonly rotate?: boolean;
  /**
   * Number of keys that a query sees in each layer, its own included; undefined: all up to it. Default all, in all
   * layers.
   */
  readonly windows?: readonly (number | undefined)[];
  /** Tokens that layers with a window keep beyond it: a prefill chunk and the decode steps in flight. */
  readonly ahead?: number;
}

const atLeastOne = integer(1, 2 ** 30);
const windowCheck = integer(1, 2 ** 30);
const shapeFields = fieldsOf<CacheShape>({
  layers: required(integer(0)),
  batch: required(atLeastOne),
  kvHeads: required(atLeastOne),
  capacity: required(atLeastOne),
  headWidth: required(atLeastOne),
  valueWidth: atLeastOne,
  dtype: oneOf(...cacheFormats),
  layout: oneOf(...cacheLayouts),
  rotate: boolean,
  windows: listOf((value) => (value === undefined ? undefined : windowCheck(value))),
  ahead: size,
});

const partFields = fieldsOf({ rows: atLeastOne, visible: atLeastOne, readers: atLeastOne });

/** Tokens per page: a power of two that divides the capacity. */
export const pageTokens = 32;

/**
 * Head widths are multiples of this in a cache that is not contiguous or not f32: kernels read four elements at once.
 */
export const vectorWidth = 4;

/** Capacity of a cache in tokens per row. */
export const slotsOf = ({ capacity }: Pick<CacheShape, "capacity">): number => Math.ceil(capacity / 64) * 64;

/** Tokens of a row that a layer with this window keeps: all, or the last ones. */
export function keptTokens(shape: CacheShape, window: number | undefined): number {
  const all = slotsOf(shape);
  if (window === undefined || shape.headWidth % vectorWidth !== 0) return all;
  return Math.min(all, slotsOf({ capacity: window + (shape.ahead ?? 0) }));
}

/** Maximum number of pages of a row in layers with this window; a window may begin and end inside a page. */
export function pagesOfRow(shape: CacheShape, window: number | undefined): number {
  const kept = keptTokens(shape, window);
  return kept / pageTokens + (kept < slotsOf(shape) ? 1 : 0);
}

/** Sizes of the tensors of a layer: batch rows and slots of each, or pages and their tokens. */
interface LayerPlace {
  readonly kind: "contiguous" | "ring" | "paged";
  readonly rows: number;
  readonly slots: number;
}

function placeOf(shape: CacheShape, layer: number): LayerPlace {
  const window = shape.windows?.[layer];
  if (shape.layout === "paged") {
    return { kind: "paged", rows: shape.batch * pagesOfRow(shape, window), slots: pageTokens };
  }
  const slots = keptTokens(shape, window);
  return { kind: slots < slotsOf(shape) ? "ring" : "contiguous", rows: shape.batch, slots };
}

/** The tensors of a layer, without its layout. */
export type LayerTensors = Omit<LayerCache, "layout" | "rotated">;

/** Whether a layer's keys and values are rotated: a field of its cache. */
export const rotation = ({ rotate }: CacheShape): { readonly rotated?: true } => (rotate ? { rotated: true } : {});

/**
 * The tensors of a layer with the given number of batch rows, or pages, and slots in each; `make` creates each tensor.
 */
export function layerTensors<T>(
  { kvHeads, headWidth, valueWidth = headWidth, dtype = "f32" }: CacheShape,
  { rows, slots }: Pick<LayerPlace, "rows" | "slots">,
  make: (name: keyof LayerTensors, shape: Shape, dtype: PlainType) => T,
): Readonly<Record<"keys" | "values", T>> & { readonly kScale?: T; readonly vScale?: T } {
  const format = cacheStorage[dtype];
  const stored = (name: keyof LayerTensors, width: number) =>
    make(name, [rows, kvHeads, slots, width / format.packed], format.dtype);
  const both = { keys: stored("keys", headWidth), values: stored("values", valueWidth) };
  if (!format.scales) return both;
  const scales = (name: keyof LayerTensors, of: readonly number[]) => make(name, [rows, kvHeads, slots, ...of], "f32");
  return {
    ...both,
    kScale: scales("kScale", format.scales(headWidth)),
    vScale: scales("vScale", format.scales(valueWidth)),
  };
}

/** Bytes of the tensors of a layer, each. */
function tensorBytes(shape: CacheShape, place: Pick<LayerPlace, "rows" | "slots">): number[] {
  return Object.values(layerTensors(shape, place, (_, axes, dtype) => sizeOf(axes) * bytesPerElement[dtype]));
}

const layersOf = ({ layers }: CacheShape) => Array.from({ length: layers }, (_, layer) => layer);

/** Bytes of the largest tensor of a full cache, which must fit one binding. */
export function maxTensorBytes(shape: CacheShape): number {
  return Math.max(0, ...layersOf(shape).flatMap((layer) => tensorBytes(shape, placeOf(shape, layer))));
}

/** Bytes that a cache takes when every row has `tokens` tokens; those of a contiguous cache do not depend on it. */
export function cacheBytes(shape: CacheShape, tokens?: number): number {
  checkOptions("cacheBytes", shapeFields, shape, "shape.");
  if (tokens !== undefined) checkValue("cacheBytes", "tokens", size, tokens);
  const used = layersOf(shape).map((layer) => {
    const place = placeOf(shape, layer);
    if (place.kind !== "paged") return tensorBytes(shape, place);
    const pages = Math.min(Math.ceil((tokens ?? shape.capacity) / pageTokens), place.rows / shape.batch);
    return tensorBytes(shape, { ...place, rows: shape.batch * pages });
  });
  return used.flat().reduce((sum, bytes) => sum + bytes, 0);
}

/** A new empty cache. Throws `TypeError` for a paged one, which a `SequenceCache` creates. */
export function createCache(gpu: Gpu, shape: CacheShape): KvCache {
  checkOptions("createCache", shapeFields, shape, "shape.");
  return layersOf(shape).map((layer): LayerCache => {
    const place = placeOf(shape, layer);
    if (place.kind === "paged") throw new TypeError("createCache: a paged cache grows; make a SequenceCache");
    const tensors = layerTensors(shape, place, (name, axes, dtype) =>
      zeros(gpu, axes, dtype, `layer.${layer} ${name}`),
    );
    const stored = { ...tensors, ...rotation(shape) };
    return place.kind === "ring" ? { ...stored, layout: { kind: "ring" } } : stored;
  });
}

/**
 * A placeholder cache for recording; an instance supplies the real one. The program has `rows` of the batch and sees up
 * to `visible` tokens of each: a contiguous cache covers these rows, a paged one all pages of the batch with the rows'
 * block table. With `readers` it is the cache of one sequence that as many batch rows read (see `sharedCache`).
 */
export function placeholderCache(
  gpu: Gpu,
  shape: CacheShape,
  options: { readonly rows?: number; readonly visible?: number; readonly readers?: number } = {},
): KvCache {
  checkOptions("placeholderCache", shapeFields, shape, "shape.");
  checkOptions("placeholderCache", partFields, options);
  const { rows = shape.batch, visible = slotsOf(shape), readers = rows } = options;
  const tables = new Map<number | undefined, Tensor>();
  const tableOf = (window: number | undefined) => {
    const known = tables.get(window);
    if (known) return known;
    const table = placeholder(gpu, [readers, visible / pageTokens], "u32", "block table");
    tables.set(window, table);
    return table;
  };
  return layersOf(shape).map((layer): LayerCache => {
    const place = placeOf(shape, layer);
    const own = place.kind === "paged" ? place : { ...place, rows };
    const tensors = layerTensors(shape, own, (name, axes, dtype) =>
      placeholder(gpu, axes, dtype, `layer.${layer} ${name}`),
    );
    const stored = { ...tensors, ...rotation(shape) };
    if (place.kind === "contiguous") return stored;
    if (place.kind === "ring") return { ...stored, layout: { kind: "ring" } };
    return { ...stored, layout: { kind: "paged", blockTable: tableOf(shape.windows?.[layer]) } };
  });
}

/** The tensors of a layer, by name. */
const tensorsIn = ({ layout: _, rotated: __, ...tensors }: LayerCache) =>
  Object.entries(tensors) as [keyof LayerTensors, Tensor][];

/** One batch row of a cache that is not paged, sharing its memory. */
export function cacheRow(cache: KvCache, row: number): KvCache {
  checkValue("cacheRow", "row", size, row);
  return cache.map((layer) => ({
    ...layer,
    ...Object.fromEntries(tensorsIn(layer).map(([name, tensor]) => [name, slice(tensor, 0, row, row + 1)])),
  }));
}

/**
 * The cache of one sequence as that of `rows` batch rows, which all read it: views without a copy, and in pages the
 * block table's own rows, of which there must be as many.
 */
export function sharedCache(layer: LayerCache, rows: number): LayerCache {
  if (layer.layout?.kind === "paged") return layer;
  const repeated = ({ gpu, shape, dtype, segments, strides, offset }: Tensor) =>
    new Tensor(gpu, [rows, ...shape.slice(1)], dtype, segments, [0, ...strides.slice(1)], offset);
  return { ...layer, ...Object.fromEntries(tensorsIn(layer).map(([name, tensor]) => [name, repeated(tensor)])) };
}

/** The layout for a run that writes `rows` batch rows, where the block table may have more; none for contiguous. */
export function ownLayout(
  { layout }: LayerCache,
  rows: number,
): { readonly layout?: NonNullable<LayerCache["layout"]> } {
  if (layout?.kind !== "paged" || layout.blockTable.shape[0] === rows) return layout ? { layout } : {};
  return { layout: { ...layout, blockTable: slice(layout.blockTable, 0, 0, rows) } };
}

const blockTableOf = ({ layout }: LayerCache): Tensor | undefined =>
  layout?.kind === "paged" ? layout.blockTable : undefined;

/** Pairs of placeholder and real tensors for `replacements`. There may be fewer pages than recorded. */
export function cachePairs(logical: KvCache, real: KvCache): TensorPair[] {
  return logical.flatMap((layer, index) => {
    const own = real[index];
    if (!own) return [];
    const [table, ownTable] = [blockTableOf(layer), blockTableOf(own)];
    const pairs = tensorsIn(layer).flatMap(([name, tensor]): TensorPair[] => {
      const given = own[name];
      if (!given) return [];
      return [table ? [tensor, given, "fewer rows"] : [tensor, given]];
    });
    return table && ownTable ? [...pairs, [table, ownTable] as const] : pairs;
  });
}

/**
 * The part of a layer's cache that a run reads when it sees up to `visible` tokens, with its layout unless contiguous.
 */
export function visibleCache({ keys, values, kScale, vScale, layout }: LayerCache, visible: number) {
  const part = (tensor: Tensor) => (layout ? tensor : slice(tensor, 2, 0, visible));
  const scales = kScale && vScale ? { kScale: part(kScale), vScale: part(vScale) } : {};
  return { tensors: { k: part(keys), v: part(values), ...scales }, placed: layout ? { layout } : {} };
}

/** Frees a cache, last made first (see `BufferPool.giveAll`). */
export function disposeCache(cache: KvCache): void {
  const tensors = cache.flatMap((layer) => tensorsIn(layer).map(([, tensor]) => tensor));
  for (const tensor of tensors.reverse()) tensor.dispose();
}
