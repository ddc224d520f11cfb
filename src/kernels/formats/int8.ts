import cache from "#shaders/attention/cache/int8.wgsl";
import type { FormatParts } from "./format-parts.ts";

export const int8 = {
  name: "int8",
  cache: { part: () => cache, four: 8 },
} as const satisfies FormatParts;
