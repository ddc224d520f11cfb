import weight from "#shaders/lib/weight/q5-1.wgsl";
import wide from "#shaders/lib/wide/q5-1.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes, one of fifth bits, and a scale with a minimum. */
export const q5_1 = {
  name: "q5_1",
  weight: () => ({ part: weight, one: 12, four: 12 }),
  wide: () => ({ part: wide, elements: 32, bytes: 24, scaling: { load: 1, row: 2 } }),
} as const satisfies FormatParts;
