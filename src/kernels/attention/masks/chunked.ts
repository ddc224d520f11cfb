import part from "#shaders/attention/masks/chunked.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count } from "../records/parameters.ts";

/** Causal inside of chunks of `keys` positions (Llama 4's local layers). */
export const chunked = defineMask({
  name: "chunked",
  part,
  parameters: { keys: count(128) },
  convention: "causal",
  closed: () => true,
  range: ({ keys }, first, last) => [Math.floor(first / keys) * keys, last + 1],
  examples: ({ unit }) => ({ chunked: { keys: 2 * unit + 1 } }),
});
