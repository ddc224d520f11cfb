import weight from "#shaders/lib/weight/q8-0.wgsl";
import wide from "#shaders/lib/wide/q8-0.wgsl";
import type { FormatParts } from "./format-parts.ts";

/**
 * A load reads a word of codes and a word with the scale. With eight columns a decode step of SmolLM2-135M takes 0.87 of
 * the time on llvmpipe; in f16 and q4_0 it takes 1.02 and 1.04.
 */
export const q8_0 = {
  name: "q8_0",
  weight: () => ({ part: weight, one: 8, four: 8 }),
  wide: () => ({ part: wide, elements: 32, bytes: 36, scaling: { row: 1 }, columns: 8 }),
} as const satisfies FormatParts;
