import weight from "#shaders/lib/weight/mxfp4.wgsl";
import wide from "#shaders/lib/wide/mxfp4.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes and a word of exponents. */
export const mxfp4 = {
  name: "mxfp4",
  weight: () => ({ part: weight, one: 8, four: 8 }),
  wide: () => ({ part: wide, elements: 32, bytes: 20, scaling: { row: 1 } }),
} as const satisfies FormatParts;
