import weight from "#shaders/lib/weight/q4-1.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes, and a scale with a minimum. */
export const q4_1 = {
  name: "q4_1",
  weight: () => ({ part: weight, one: 8, four: 8 }),
} as const satisfies FormatParts;
