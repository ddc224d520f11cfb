import part from "#shaders/attention/masks/shared-prefix.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count, filled, tensorOf } from "../records/parameters.ts";

/**
 * The first `prefix` keys for every query, and causal inside of the query's own branch: `k < prefix ∨ (branch(q) =
 * branch(k) ∧ k <= q)`, one prompt with many answers (flash-attention issue 1605). `branches` is u32 `[b, s]`. `and`
 * causal where queries of the prefix itself must not see ahead.
 */
export const sharedPrefix = defineMask({
  name: "shared-prefix",
  part,
  parameters: {
    prefix: count(64, { min: 0 }),
    // Answers of one length after the prompt.
    branches: tensorOf("u32", "[b, s]", { tokens: count(64) }, ({ b, s }, { tokens, prefix = 0 }) =>
      filled([b, s], (i) => Math.max(0, Math.floor(((i % s) - prefix) / tokens) + 1)),
    ),
  },
  writtenCausal: true,
  params: ({ prefix, branches }) => ({ prefix, s: branches.shape[1] ?? 0 }),
  range: ({ prefix }, _first, last) => [0, Math.max(last + 1, prefix)],
  examples: ({ b, s, unit }) => ({
    "shared prefix": {
      prefix: unit + 2,
      branches: filled([b, s], (i) => Math.floor(((i % s) + (i < s ? 0 : unit)) / (2 * unit))),
    },
  }),
});
