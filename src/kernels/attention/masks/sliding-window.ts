import part from "#shaders/attention/masks/sliding-window.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count } from "../records/parameters.ts";

/** The last `keys` keys up to and including the query's own: `0 <= q − k < keys` (Mistral; FlashAttention's W + 1). */
export const slidingWindow = defineMask({
  name: "sliding-window",
  part,
  parameters: { keys: count(128) },
  convention: "causal",
  closed: () => true,
  range: ({ keys }, first, last) => [first - keys + 1, last + 1],
  examples: ({ unit }) => ({ window: { keys: 2 * unit }, "window of one key": { keys: 1 } }),
});
