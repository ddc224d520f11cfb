import part from "#shaders/attention/masks/neighbourhood-2d.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count, type Values } from "../records/parameters.ts";
import { checkStride, windowFields, windowOf, windowParameters } from "../records/window.ts";
import { checkGrid, gridCount, gridRange, isOneRun, type WindowGrid } from "../records/window-grid.ts";

const parameters = {
  rows: count(16),
  columns: count(16),
  height: count(7),
  width: count(7),
  ...windowParameters,
} as const;

/**
 * The `height` by `width` positions around the query's, in a grid of `rows` by `columns` positions, row after row:
 * NATTEN in two dimensions (Hassani et al. 2023, "Neighborhood Attention Transformer"). The window is shifted at the
 * border. Stride, dilation and form are those of `neighbourhood`, the same along both axes; causal queries see nothing
 * below or to the right of them.
 */
export const neighbourhood2d = defineMask({
  name: "neighbourhood-2d",
  part,
  parameters,
  params: (mask) => {
    const { rows, columns, height, width } = mask;
    return { rows, columns, height, width, ...windowFields(mask) };
  },
  check: (mask) => {
    checkStride(Math.min(mask.height, mask.width), mask);
    checkGrid(gridOf(mask));
  },
  closed: (mask) => isOneRun(gridOf(mask)),
  range: (mask, first, last) => {
    const [begin, end] = [Math.max(first, 0), Math.min(last + 1, mask.rows * mask.columns)];
    return begin < end ? gridRange(gridOf(mask), begin, end - 1) : [0, 0];
  },
  count: (mask, query, keys) =>
    query >= 0 && query < mask.rows * mask.columns ? gridCount(gridOf(mask), query, keys) : 0,
  examples: ({ s, unit }) => {
    const columns = 2 * unit;
    const rows = Math.ceil((s - 2) / columns); // the last may be cut, or outside of the keys
    return {
      "neighbourhood in two dimensions": { rows, columns, height: 3, width: unit },
      "neighbourhood in two dimensions, even, by strides": { rows, columns, height: 2, width: unit + 1, stride: 2 },
      "neighbourhood in two dimensions, dilated": { rows, columns, height: 2, width: unit, dilation: 2 },
      "neighbourhood in two dimensions, causal": { rows, columns: unit + 1, height: 2, width: 2, form: "causal" },
      "neighbourhood of whole rows": { rows, columns: unit + 1, height: 3, width: unit + 1 },
    };
  },
});

const gridOf = (mask: Values<typeof parameters>): WindowGrid => [
  windowOf(1, 1),
  windowOf(mask.rows, mask.height, mask),
  windowOf(mask.columns, mask.width, mask),
];
