import part from "#shaders/attention/masks/prefix.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count } from "../records/parameters.ts";

/** Causal, and the first `keys` keys for every query (prefix-LM; Raffel et al. 2019, section 3.2.1). */
export const prefix = defineMask({
  name: "prefix",
  part,
  parameters: { keys: count(128, { min: 0 }) },
  closed: () => true,
  range: ({ keys }, _first, last) => [0, Math.max(last + 1, keys)],
  examples: ({ unit }) => ({ prefix: { keys: 2 * unit + 1 } }),
});
