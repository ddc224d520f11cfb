import weight from "#shaders/lib/weight/q5-k.wgsl";
import wide from "#shaders/lib/wide/q5-k.wgsl";
import eighth from "#shaders/lib/wide/q5-k-eighth.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads two words of codes, and all scales of the block. */
export const q5_k = {
  name: "q5_k",
  weight: () => ({ part: weight, one: 24, four: 24 }),
  wide: (rows: number) =>
    rows > 4
      ? { part: eighth, elements: 32, bytes: 80, scaling: { load: 1, row: 2 } }
      : { part: wide, elements: 64, bytes: 80, scaling: { load: 2, row: 4 } },
} as const satisfies FormatParts;
