// The choice of how a model stores keys and values. A page that loads a model checks it before it has the cache itself.
import { type CacheFormat, cacheFormats } from "../../kernels/formats/formats.ts";
import { boolean, object, oneOf } from "../../options/checks.ts";

/** Layout of a model's cache: room for the whole context, or pages that are taken as sequences grow. */
export const cacheLayouts = ["contiguous", "paged"] as const;
export type CacheLayout = (typeof cacheLayouts)[number];

/** How a model stores keys and values. */
export interface CacheOptions {
  /**
   * Element type of keys and values.
   * @defaultValue `f32`
   */
  readonly dtype?: CacheFormat | undefined;
  /**
   * Room for the whole context, or pages that are taken as sequences grow. Layers with a window keep only what it
   * needs: in a ring, or in pages that are reused.
   * @defaultValue `contiguous`
   */
  readonly layout?: CacheLayout | undefined;
  /**
   * Whether keys and values are rotated by a Hadamard matrix before they are stored, which spreads elements that are
   * far from 0: for integers.
   * @defaultValue `false`
   */
  readonly rotate?: boolean | undefined;
}

/** The check of these options. */
export const cacheCheck = object<CacheOptions>({
  dtype: oneOf(...cacheFormats),
  layout: oneOf(...cacheLayouts),
  rotate: boolean,
});
