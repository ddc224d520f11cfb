import { int4Block } from "../../kernels/kv-cache/quantised.ts";
import type { DType } from "../../tensor/dtype.ts";

/** How a cache stores a row of keys or values. */
export interface CacheFormat {
  /** Element type of the tensor. */
  readonly dtype: DType;
  /** Elements of a row in one element of the tensor. */
  readonly packed: number;
  /** Widths of heads are multiples of it. */
  readonly multiple: number;
  /** Scales of a row of `width` elements, as the last axes of their tensor; unset: there are none. */
  readonly scales?: (width: number) => readonly number[];
}

/** The element types of a cache: floats, or integers with a scale for each row (int8) or each 32 elements of it (int4). */
export const cacheFormats = {
  f32: { dtype: "f32", packed: 1, multiple: 1 },
  f16: { dtype: "f16", packed: 1, multiple: 4 },
  int8: { dtype: "u32", packed: 4, multiple: 4, scales: () => [] },
  int4: { dtype: "u32", packed: 8, multiple: int4Block, scales: (width: number) => [width / int4Block] },
} as const satisfies Readonly<Record<string, CacheFormat>>;

/** Element type of a cache. */
export type CacheDtype = keyof typeof cacheFormats;

/** All of them. */
export const cacheDtypes = Object.keys(cacheFormats) as readonly CacheDtype[];
