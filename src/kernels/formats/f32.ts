import cache from "#shaders/attention/cache/f32.wgsl";
import word from "#shaders/kv-cache/word/f32.wgsl";
import weight from "#shaders/lib/weight/f32.wgsl";
import wide from "#shaders/lib/wide/f32.wgsl";
import type { FormatParts } from "./format-parts.ts";

export const f32 = {
  name: "f32",
  weight: () => ({ part: weight, one: 4, four: 16 }),
  wide: () => ({ part: wide, elements: 4, bytes: 16 }),
  cache: { part: () => cache, four: 16 },
  word,
} as const satisfies FormatParts;
