import part from "#shaders/attention/masks/key-padding.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count, filled, tensorOf } from "../records/parameters.ts";

/** Keys `ranges[b, 0]` up to but not including `ranges[b, 1]`, u32 `[b, 2]`: padding on the left, the right or both. */
export const keyPadding = defineMask({
  name: "key-padding",
  part,
  parameters: {
    // Padding on the left: this many keys in the first sequence, twice as many in the second, …
    ranges: tensorOf("u32", "[b, 2]", { keys: count(128) }, ({ b, s }, { keys }) =>
      filled([b, 2], (i) => (i % 2 === 1 ? s : Math.min(s - 1, (i / 2 + 1) * keys))),
    ),
  },
  writtenCausal: true,
  closed: () => true,
  examples: ({ b, s, unit }) => ({
    "key padding": {
      ranges: filled([b, 2], (i) => (i % 2 === 0 ? (i === 0 ? unit + 1 : 0) : i === 1 ? s : Math.floor(s / 2))),
    },
  }),
});
