// The shaders' side of formats of elements, and of those that caches have of their own.
import bf16Cache from "#shaders/attention/cache/bf16.wgsl";
import f16Cache from "#shaders/attention/cache/f16.wgsl";
import f16CachePacked from "#shaders/attention/cache/f16-packed.wgsl";
import f32Cache from "#shaders/attention/cache/f32.wgsl";
import int4Cache from "#shaders/attention/cache/int4.wgsl";
import int8Cache from "#shaders/attention/cache/int8.wgsl";
import f32Word from "#shaders/kv-cache/word/f32.wgsl";
import halves from "#shaders/kv-cache/word/half.wgsl";
import bf16Weight from "#shaders/lib/weight/bf16.wgsl";
import f16Weight from "#shaders/lib/weight/f16.wgsl";
import f16WeightPacked from "#shaders/lib/weight/f16-packed.wgsl";
import f32Weight from "#shaders/lib/weight/f32.wgsl";
import bf16Wide from "#shaders/lib/wide/bf16.wgsl";
import f16Wide from "#shaders/lib/wide/f16.wgsl";
import f32Wide from "#shaders/lib/wide/f32.wgsl";
import { tuning } from "../tuning.ts";
import type { FormatParts, Reader } from "./format-parts.ts";

export const f32 = {
  name: "f32",
  weight: () => ({ part: f32Weight, one: 4, four: 16 }),
  wide: () => ({ part: f32Wide, elements: 4, bytes: 16 }),
  cache: { part: () => f32Cache, four: 16 },
  word: f32Word,
} as const satisfies FormatParts;

/**
 * f16 is read natively where the device has `shader-f16`; elsewhere, and where it is faster, from pairs in a u32, the
 * shortest load without the feature. The values are the same.
 */
const isNative = (gpu: Reader) => gpu.features.has("shader-f16") && tuning(gpu).f16 === "native";

export const f16 = {
  name: "f16",
  weight: (gpu: Reader) =>
    isNative(gpu) ? { part: f16Weight, one: 2, four: 8 } : { part: f16WeightPacked, one: 4, four: 8 },
  wide: () => ({ part: f16Wide, elements: 8, bytes: 16 }),
  cache: { part: (gpu: Reader) => (isNative(gpu) ? f16Cache : f16CachePacked), four: 8 },
  word: halves,
} as const satisfies FormatParts;

export const bf16 = {
  name: "bf16",
  weight: () => ({ part: bf16Weight, one: 4, four: 8 }),
  wide: () => ({ part: bf16Wide, elements: 8, bytes: 16 }),
  cache: { part: () => bf16Cache, four: 8 },
  word: halves,
} as const satisfies FormatParts;

export const int8 = {
  name: "int8",
  cache: { part: () => int8Cache, four: 8 },
} as const satisfies FormatParts;

export const int4 = {
  name: "int4",
  cache: { part: () => int4Cache, four: 8 },
} as const satisfies FormatParts;
