import weight from "#shaders/lib/weight/q2-k.wgsl";
import wide from "#shaders/lib/wide/q2-k.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes, one of scales, and one that multiplies them. */
export const q2_k = {
  name: "q2_k",
  weight: () => ({ part: weight, one: 12, four: 12 }),
  wide: () => ({ part: wide, elements: 32, bytes: 40, scaling: { row: 4 } }),
} as const satisfies FormatParts;
