import weight from "#shaders/lib/weight/int4-32.wgsl";
import wide from "#shaders/lib/wide/int4-32.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes, and a scale with a zero point. */
export const int4_32 = {
  name: "int4_32",
  weight: () => ({ part: weight, one: 8, four: 8 }),
  wide: () => ({ part: wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
} as const satisfies FormatParts;
