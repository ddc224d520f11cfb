import part from "#shaders/attention/masks/local.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count } from "../records/parameters.ts";

/** Up to `left` keys before the query and `right` after it: `−left <= k − q <= right`, for encoders. */
export const local = defineMask({
  name: "local",
  part,
  parameters: { left: count(64, { min: 0 }), right: count(64, { min: 0 }) },
  closed: () => true,
  range: ({ left, right }, first, last) => [first - left, last + right + 1],
  examples: ({ unit }) => ({ local: { left: unit + 1, right: unit } }),
});
