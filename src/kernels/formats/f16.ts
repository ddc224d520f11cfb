import cacheNative from "#shaders/attention/cache/f16.wgsl";
import cacheUnpacked from "#shaders/attention/cache/f16-packed.wgsl";
import word from "#shaders/kv-cache/word/half.wgsl";
import weightNative from "#shaders/lib/weight/f16.wgsl";
import weightUnpacked from "#shaders/lib/weight/f16-packed.wgsl";
import wide from "#shaders/lib/wide/f16.wgsl";
import { tuning } from "../tuning.ts";
import type { FormatParts, Reader } from "./format-parts.ts";

/**
 * f16 is read natively where the device has `shader-f16`; elsewhere, and where it is faster, from pairs in a u32, the
 * shortest load without the feature. The values are the same.
 */
const isNative = (gpu: Reader) => gpu.features.has("shader-f16") && tuning(gpu).f16 === "native";

export const f16 = {
  name: "f16",
  weight: (gpu: Reader) =>
    isNative(gpu) ? { part: weightNative, one: 2, four: 8 } : { part: weightUnpacked, one: 4, four: 8 },
  wide: () => ({ part: wide, elements: 8, bytes: 16 }),
  cache: { part: (gpu: Reader) => (isNative(gpu) ? cacheNative : cacheUnpacked), four: 8 },
  word,
} as const satisfies FormatParts;
