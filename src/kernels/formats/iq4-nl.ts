import weight from "#shaders/lib/weight/iq4-nl.wgsl";
import wide from "#shaders/lib/wide/iq4-nl.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes and a word with the scale. */
export const iq4_nl = {
  name: "iq4_nl",
  weight: () => ({ part: weight, one: 8, four: 8 }),
  wide: () => ({ part: wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
} as const satisfies FormatParts;
