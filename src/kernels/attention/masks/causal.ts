import part from "#shaders/attention/masks/causal.wgsl";
import { defineMask } from "../records/mask-record.ts";

/** The keys up to and including the query's own. */
export const causal = defineMask({
  name: "causal",
  part,
  parameters: {},
  convention: "causal",
  closed: () => true,
  range: (_mask, _first, last) => [0, last + 1],
  examples: () => ({ causal: {} }),
});
