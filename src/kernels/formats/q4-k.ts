import weight from "#shaders/lib/weight/q4-k.wgsl";
import wide from "#shaders/lib/wide/q4-k.wgsl";
import eighth from "#shaders/lib/wide/q4-k-eighth.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of codes, and all scales of the block. */
export const q4_k = {
  name: "q4_k",
  weight: () => ({ part: weight, one: 20, four: 20 }),
  wide: (rows: number) =>
    rows > 4
      ? { part: eighth, elements: 32, bytes: 48, scaling: { load: 1, row: 2 } }
      : { part: wide, elements: 64, bytes: 48, scaling: { load: 2, row: 4 } },
} as const satisfies FormatParts;
