import weight from "#shaders/lib/weight/q4-0.wgsl";
import wide from "#shaders/lib/wide/q4-0.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes and a word with the scale. */
export const q4_0 = {
  name: "q4_0",
  weight: () => ({ part: weight, one: 8, four: 8 }),
  wide: () => ({ part: wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
} as const satisfies FormatParts;
