import windowPart from "#shaders/attention/masks/sliding-window.wgsl";
import part from "#shaders/attention/masks/strided.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { choice, count } from "../records/parameters.ts";
import { inStep, until } from "../records/values.ts";

/**
 * Strided attention of the Sparse Transformer (Child et al. 2019, section 4.3), causal: set 1 the last keys, set 2
 * every `stride`-th key before the query, `(q − k) mod stride = 0`; default merged. In the paper set 1 reaches back to
 * `q − stride`, which is `stride + 1` keys; in the released code ("local") it has `stride` keys. Default "paper".
 */
export const strided = defineMask({
  name: "strided",
  part,
  parameters: { stride: count(64), set: choice("merged", 1, 2), definition: choice("paper", "code") },
  partFor: ({ set }) => (set === 1 ? windowPart : part),
  params: (mask) => (mask.set === 1 ? { keys: windowOf(mask) } : { stride: mask.stride, keys: windowOf(mask) }),
  closed: ({ set }) => set === 1,
  range: (mask, first, last) => [mask.set === 1 ? first - windowOf(mask) + 1 : 0, last + 1],
  count: (mask, query, keys) => {
    const end = until(query, keys);
    const begin = Math.min(Math.max(0, query - windowOf(mask) + 1), end);
    return end - begin + inStep(0, begin, query, mask.stride);
  },
  examples: ({ unit }) => ({
    "strided, paper, merged": { stride: 2 * unit },
    "strided, paper, set 1": { stride: 2 * unit, set: 1 },
    "strided, paper, set 2": { stride: 2 * unit, set: 2 },
    "strided by one": { stride: 1, set: 2 },
    "strided, code, set 1": { stride: 2 * unit, set: 1, definition: "code" },
    "strided, code, merged": { stride: 2 * unit, definition: "code" },
  }),
});

/** Keys of the first set; 0 where it is left out. */
function windowOf(mask: {
  readonly stride: number;
  readonly set?: "merged" | 1 | 2;
  readonly definition?: "paper" | "code";
}): number {
  const { stride, set = "merged", definition = "paper" } = mask;
  return set === 2 ? 0 : definition === "paper" ? stride + 1 : stride;
}
