import { type CacheShape, vectorWidth } from "../../blocks/kv-cache/cache.ts";
import { type CacheOptions, cacheLayouts } from "../../blocks/kv-cache/cache-options.ts";
import { latentCacheWidths } from "../../blocks/latent-attention.ts";
import { cacheFormats, wordTypes } from "../../kernels/formats/formats.ts";
import { cacheStorage } from "../../kernels/kv-cache/storage.ts";
import type { DecoderConfig } from "./config.ts";

const listed = (names: readonly string[]) => `${names.slice(0, -1).join(", ")} or ${names.at(-1)}`;

/** The cache that options select. Throws `RangeError` for one that does not exist or does not fit this decoder. */
export function resolveCache(config: DecoderConfig, options: CacheOptions = {}): Required<CacheOptions> {
  const unknown = Object.keys(options).find((name) => !["dtype", "layout", "rotate"].includes(name));
  if (unknown !== undefined) throw new RangeError(`cache has no option ${unknown}, expected dtype, layout or rotate`);
  const { dtype = "f32", layout = "contiguous", rotate = false } = options;
  const check = (name: string, value: unknown, allowed: readonly string[], why = "") => {
    if (allowed.some((each) => each === value)) return;
    throw new RangeError(`cache.${name} is ${JSON.stringify(value)}, expected ${listed(allowed)}${why}`);
  };
  check("dtype", dtype, cacheFormats);
  check("layout", layout, cacheLayouts);
  const { architecture, headWidth, latent } = config;
  // Integers would share one scale between a latent and the rotated key.
  if (latent) check("dtype", dtype, wordTypes, `: ${architecture} caches latents`);
  if (latent && rotate) throw new RangeError(`cache.rotate is true, expected false: ${architecture} caches latents`);
  const width = latent ? latent.rank + headWidth - latent.nope : headWidth;
  const { multiple: own } = cacheStorage[dtype];
  const multiple = layout === "paged" ? Math.max(vectorWidth, own) : own;
  if (width % multiple !== 0) {
    throw new RangeError(
      `cache.dtype is ${dtype} and cache.layout ${layout}: heads of ${width} elements, expected a multiple of ${multiple}; ` +
        "f32 and contiguous take any",
    );
  }
  if (rotate && headWidth % 2 !== 0) {
    throw new RangeError(`cache.rotate is true: heads of ${headWidth} elements, expected an even number`);
  }
  return { dtype, layout, rotate };
}

/** The cache of a decoder for `batch` sequences of up to `capacity` tokens; `ahead` as in `CacheShape`. */
export function cacheShape(
  { layers, kvHeads, headWidth, latent, windows }: DecoderConfig,
  batch: number,
  capacity: number,
  { dtype, layout, rotate }: CacheOptions = {},
  ahead?: number,
): CacheShape {
  const widths = latent ? latentCacheWidths(latent.rank, headWidth - latent.nope, dtype) : { headWidth };
  return {
    layers,
    batch,
    kvHeads: latent ? 1 : kvHeads,
    capacity,
    ...widths,
    ...(dtype ? { dtype } : {}),
    ...(layout ? { layout } : {}),
    ...(rotate ? { rotate } : {}),
    ...(ahead === undefined ? {} : { windows, ahead }),
  };
}
