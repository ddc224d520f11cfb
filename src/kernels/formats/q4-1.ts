import weight from "#shaders/lib/weight/q4-1.wgsl";
import wide from "#shaders/lib/wide/q4-1.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes, and a scale with a minimum. */
export const q4_1 = {
  name: "q4_1",
  weight: () => ({ part: weight, one: 8, four: 8 }),
  wide: () => ({ part: wide, elements: 32, bytes: 20, scaling: { load: 1, row: 2 } }),
} as const satisfies FormatParts;
