import weight from "#shaders/lib/weight/q6-k.wgsl";
import wide from "#shaders/lib/wide/q6-k.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads two words of codes, one of scales, and one that multiplies them. */
export const q6_k = {
  name: "q6_k",
  weight: () => ({ part: weight, one: 16, four: 16 }),
  wide: () => ({ part: wide, elements: 32, bytes: 72, scaling: { row: 2 } }),
} as const satisfies FormatParts;
