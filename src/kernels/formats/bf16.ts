import cache from "#shaders/attention/cache/bf16.wgsl";
import word from "#shaders/kv-cache/word/half.wgsl";
import weight from "#shaders/lib/weight/bf16.wgsl";
import wide from "#shaders/lib/wide/bf16.wgsl";
import type { FormatParts } from "./format-parts.ts";

export const bf16 = {
  name: "bf16",
  weight: () => ({ part: weight, one: 4, four: 8 }),
  wide: () => ({ part: wide, elements: 8, bytes: 16 }),
  cache: { part: () => cache, four: 8 },
  word,
} as const satisfies FormatParts;
