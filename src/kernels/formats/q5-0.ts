import weight from "#shaders/lib/weight/q5-0.wgsl";
import wide from "#shaders/lib/wide/q5-0.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes, one of fifth bits, and one with the scale. */
export const q5_0 = {
  name: "q5_0",
  weight: () => ({ part: weight, one: 12, four: 12 }),
  wide: () => ({ part: wide, elements: 32, bytes: 24, scaling: { row: 1 } }),
} as const satisfies FormatParts;
