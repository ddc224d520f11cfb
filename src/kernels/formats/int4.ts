import cache from "#shaders/attention/cache/int4.wgsl";
import type { FormatParts } from "./format-parts.ts";

export const int4 = {
  name: "int4",
  cache: { part: () => cache, four: 8 },
} as const satisfies FormatParts;
