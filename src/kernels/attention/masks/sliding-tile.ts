import part from "#shaders/attention/masks/sliding-tile.wgsl";
import { defineMask } from "../records/mask-record.ts";
import { count, optionalCount, type Values } from "../records/parameters.ts";
import { windowOf } from "../records/window.ts";
import { checkGrid, gridCount, gridRange, isOneRun, type WindowGrid } from "../records/window-grid.ts";

const parameters = {
  size: count(16),
  rows: count(4),
  columns: count(4),
  height: count(3),
  width: count(3),
  frames: optionalCount(2),
  depth: optionalCount(2),
  text: optionalCount(16),
} as const;

/**
 * Sliding tiles (STA, Zhang et al. 2025, "Fast Video Generation with Sliding Tile Attention"): the tokens of a picture
 * or a video are ordered tile by tile, `size` of them each, in `frames` planes of `rows` by `columns` tiles. A query
 * sees the window of `depth` by `height` by `width` tiles around its own, which is shifted at the border: blocks of a
 * tile's size are full or empty. `text` positions after the last tile see all and are seen by all. Default 1 frame, a
 * depth of 1, no text.
 */
export const slidingTile = defineMask({
  name: "sliding-tile",
  part,
  parameters,
  params: ({ frames = 1, depth = 1, text = 0, ...given }) => {
    const { size, rows, columns, height, width } = given;
    return { size, rows, columns, height, width, frames, depth, text };
  },
  check: (mask) => checkGrid(gridOf(mask), mask.size),
  closed: (mask) => mask.text === undefined && isOneRun(gridOf(mask)),
  range: (mask, first, last) => {
    const { size, text = 0 } = mask;
    const tiled = tiledIn(mask);
    const [begin, end] = [Math.max(first, 0), Math.min(last + 1, tiled + text)];
    if (begin >= end) return [0, 0];
    if (end > tiled) return [0, tiled + text];
    const [from, to] = gridRange(gridOf(mask), Math.floor(begin / size), Math.ceil(end / size) - 1);
    return [from * size, text > 0 ? tiled + text : to * size];
  },
  count: (mask, query, keys) => {
    const { size, text = 0 } = mask;
    const tiled = tiledIn(mask);
    if (query < 0 || query >= tiled + text) return 0;
    if (query >= tiled) return Math.min(keys, tiled + text);
    const seen = gridCount(gridOf(mask), Math.floor(query / size), keys, size);
    return seen + Math.max(0, Math.min(keys - tiled, text));
  },
  examples: ({ s, unit }) => {
    const rows = Math.ceil(s / (3 * unit));
    return {
      "sliding tile": { size: unit, rows, columns: 3, height: 2, width: 2 },
      "sliding tile, a text": { size: unit, rows: 2, columns: 2, height: 1, width: 1, text: 1 },
      "sliding tile, a video": {
        size: 1,
        rows: 2,
        columns: 2,
        height: 1,
        width: 2,
        frames: unit + 1,
        depth: 2,
        text: unit,
      },
      "sliding tile, whole rows": { size: unit - 1, rows, columns: 2, height: 2, width: 3 },
    };
  },
});

const gridOf = ({ rows, columns, height, width, frames = 1, depth = 1 }: Values<typeof parameters>): WindowGrid => [
  windowOf(frames, depth),
  windowOf(rows, height),
  windowOf(columns, width),
];

/** Where the text begins. */
const tiledIn = ({ size, rows, columns, frames = 1 }: Values<typeof parameters>) => frames * rows * columns * size;
