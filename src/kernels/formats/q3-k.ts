import weight from "#shaders/lib/weight/q3-k.wgsl";
import wide from "#shaders/lib/wide/q3-k.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads two words of codes, and all scales of the block. */
export const q3_k = {
  name: "q3_k",
  weight: () => ({ part: weight, one: 24, four: 24 }),
  wide: () => ({ part: wide, elements: 32, bytes: 80, scaling: { row: 2 } }),
} as const satisfies FormatParts;
