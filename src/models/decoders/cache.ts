import { type CacheShape, vectorWidth } from "../../blocks/kv-cache/cache.ts";
import { type CacheOptions, cacheLayouts } from "../../blocks/kv-cache/cache-options.ts";
import { latentCacheWidths } from "../../blocks/latent-attention.ts";
import type { StateShape } from "../../blocks/state/cache.ts";
import { cacheFormats, wordTypes } from "../../kernels/formats/formats.ts";
import { cacheStorage } from "../../kernels/kv-cache/storage.ts";
import { type DecoderConfig, layersWith, stateChannels } from "./config.ts";

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
  const attends = layersWith(config, "attention").length > 0;
  if (attends && width % multiple !== 0) {
    throw new RangeError(
      `cache.dtype is ${dtype} and cache.layout ${layout}: heads of ${width} elements, expected a multiple of ${multiple}; ` +
        "f32 and contiguous take any",
    );
  }
  if (attends && rotate && headWidth % 2 !== 0) {
    throw new RangeError(`cache.rotate is true: heads of ${headWidth} elements, expected an even number`);
  }
  return { dtype, layout, rotate };
}

/** What layers with a state carry from token to token; undefined for a model without such layers. */
export function stateShape(config: DecoderConfig): StateShape | undefined {
  const { state, width } = config;
  if (!state) return undefined;
  const shape = {
    layers: layersWith(config, "state").length,
    convolution: [state.taps - 1, stateChannels(state, width)],
  } as const;
  if (state.kind === "convolution") return shape;
  return {
    ...shape,
    recurrence:
      state.kind === "mamba"
        ? [state.heads, state.rows, state.headWidth]
        : [state.valueHeads, state.width, state.valueWidth],
  };
}

/** The keys and values of a decoder's layers with attention, for `batch` sequences of up to `capacity` tokens; `ahead` as in `CacheShape`. */
export function cacheShape(
  config: DecoderConfig,
  batch: number,
  capacity: number,
  { dtype, layout, rotate }: CacheOptions = {},
  ahead?: number,
): CacheShape {
  const { kvHeads, headWidth, latent } = config;
  const attending = layersWith(config, "attention");
  const windows = attending.map((layer) => config.windows[layer]);
  const widths = latent ? latentCacheWidths(latent.rank, headWidth - latent.nope, dtype) : { headWidth };
  return {
    layers: attending.length,
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
