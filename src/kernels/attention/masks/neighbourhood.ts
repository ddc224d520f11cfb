import part from "#shaders/attention/masks/neighbourhood.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count } from "../records/parameters.ts";
import { checkStride, windowCount, windowFields, windowOf, windowParameters, windowRange } from "../records/window.ts";

/**
 * The `keys` keys around the query, of `tokens` positions, shifted at both ends so that it always has as many (NATTEN,
 * Hassani et al. 2023, "Neighborhood Attention Transformer"); an even number has one more before the query. Groups of
 * `stride` queries share the window of their middle one (Hassani et al. 2025, "Generalized Neighborhood Attention"), a
 * `dilation` makes of each residue class of positions an axis of its own, and a causal window ends at the query, so
 * that the first queries see fewer. Default stride 1, dilation 1, centred.
 */
export const neighbourhood = defineMask({
  name: "neighbourhood",
  part,
  parameters: { tokens: count(256), keys: count(64), ...windowParameters },
  params: (mask) => ({ tokens: mask.tokens, keys: mask.keys, ...windowFields(mask) }),
  check: (mask) => checkStride(mask.keys, mask),
  closed: ({ dilation = 1 }) => dilation === 1,
  range: (mask, first, last) => {
    const [begin, end] = [Math.max(first, 0), Math.min(last + 1, mask.tokens)];
    return begin < end ? windowRange(windowOf(mask.tokens, mask.keys, mask), begin, end - 1) : [0, 0];
  },
  count: (mask, query, keys) =>
    query >= 0 && query < mask.tokens ? windowCount(windowOf(mask.tokens, mask.keys, mask), query, keys) : 0,
  examples: ({ s, unit }) => ({
    neighbourhood: { tokens: s, keys: 2 * unit + 1 },
    "neighbourhood, even, by strides": { tokens: s - 3, keys: 2 * unit, stride: 4 },
    "neighbourhood, even, dilated": { tokens: s - 1, keys: unit + 1, dilation: 3 },
    "neighbourhood, causal, by strides, dilated": { tokens: s - 2, keys: unit, stride: 2, dilation: 2, form: "causal" },
    "neighbourhood, causal": { tokens: s - 2, keys: 2 * unit, stride: 3, form: "causal" },
    "neighbourhood of all": { tokens: s - 1, keys: s + 5 },
  }),
});
