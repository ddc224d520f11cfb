import part from "#shaders/attention/masks/dilated-window.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count } from "../records/parameters.ts";
import { inStep, until } from "../records/values.ts";

/** Every `dilation`-th of the last `keys` keys: `0 <= q − k < keys ∧ (q − k) mod dilation = 0` (Longformer). */
export const dilatedWindow = defineMask({
  name: "dilated-window",
  part,
  parameters: { keys: count(128), dilation: count(4) },
  closed: ({ dilation }) => dilation === 1,
  range: ({ keys }, first, last) => [first - keys + 1, last + 1],
  count: ({ keys, dilation }, query, length) =>
    inStep(Math.max(0, query - keys + 1), until(query, length), query, dilation),
  examples: ({ unit }) => ({
    "dilated window": { keys: 3 * unit + 1, dilation: 3 },
    "dilated window, dilation 1": { keys: 3 * unit + 1, dilation: 1 },
  }),
});
