import chunkedPart from "#shaders/attention/masks/chunked.wgsl";
import part from "#shaders/attention/masks/fixed.wgsl";
import { ShapeError } from "../../../tensor/shape.ts";
import { defineMask } from "../records/mask-record.ts";
import type { KeyRange } from "../records/mod.ts";
import { choice, count, optionalCount, type Values } from "../records/parameters.ts";
import { inBand, until } from "../records/values.ts";

const parameters = {
  stride: count(64),
  summary: count(8),
  set: choice("merged", 1, 2),
  definition: choice("paper", "code"),
  turns: optionalCount(4),
} as const;

/**
 * Fixed attention of the Sparse Transformer (Child et al. 2019, section 4.3), causal: set 1 the query's own block of
 * `stride` keys, set 2 the last `summary` keys of every block; default merged. In the released code heads alternate:
 * head h has the `summary` keys that end `(h mod turns)·summary` before the end of a block (its `num_verts`, 4, of
 * `vertsize` blocks of 32), and there is no other set than merged. Default "paper", in which `turns` is 1.
 */
export const fixed = defineMask({
  name: "fixed",
  part,
  parameters,
  partFor: ({ set }) => (set === 1 ? chunkedPart : part),
  params: (mask) => {
    const { stride, summary, set } = mask;
    return set === 1 ? { keys: stride } : { stride, summary, turns: turnsOf(mask), own: set === 2 ? 0 : 1 };
  },
  check: (mask) => {
    const { stride, summary, set = "merged", definition } = mask;
    const turns = turnsOf(mask);
    if (summary * turns > stride) {
      throw new ShapeError(
        `attention: ${turns} summaries of ${summary} keys, expected them to fit into a block of ${stride}`,
      );
    }
    if (definition === "code" && set !== "merged") {
      throw new ShapeError(
        `attention: set ${set} of the fixed pattern, expected merged: the released code has no other`,
      );
    }
  },
  byHead: (mask) => mask.set !== 1 && turnsOf(mask) > 1,
  closed: ({ set }) => set === 1,
  range: ({ set, stride }, first, last) => [set === 1 ? Math.floor(first / stride) * stride : 0, last + 1],
  count: (mask, query, keys, head) => {
    const { stride, set } = mask;
    const end = until(query, keys);
    const own = set === 2 ? end : Math.min(Math.floor(query / stride) * stride, end);
    return end - own + inBand(own, summaryOf(mask, head), stride);
  },
  examples: ({ unit }) => ({
    "fixed, paper, merged": { stride: 3 * unit, summary: 2 },
    "fixed, paper, set 1": { stride: 5, summary: 2, set: 1 },
    "fixed, paper, set 2": { stride: 3 * unit, summary: 2, set: 2 },
    "fixed, paper, two turns": { stride: 2 * unit, summary: 2, set: 2, turns: 2 },
    "fixed, code": { stride: 4 * unit, summary: 2, definition: "code" },
  }),
});

const turnsOf = ({ definition, turns = definition === "code" ? 4 : 1 }: Values<typeof parameters>) => turns;

/** Where in a block of `stride` keys a head's summary is. */
function summaryOf(mask: Values<typeof parameters>, head: number): KeyRange {
  const end = mask.stride - (head % turnsOf(mask)) * mask.summary;
  return [end - mask.summary, end];
}
