import weight from "#shaders/lib/weight/int8-channel.wgsl";
import wide from "#shaders/lib/wide/int8-channel.wgsl";
import type { FormatParts } from "./format-parts.ts";

/** A load reads a word of four codes, or four of them, and the scale of the row. */
export const int8_channel = {
  name: "int8_channel",
  weight: () => ({ part: weight, one: 8, four: 8 }),
  wide: () => ({ part: wide, elements: 16, bytes: 20, scaling: { row: 1 } }),
} as const satisfies FormatParts;
