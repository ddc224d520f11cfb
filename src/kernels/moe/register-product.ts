import source from "#shaders/moe/grouped.wgsl";
import { groupedProduct, type ProductTile } from "./grouped-product.ts";

const thread = { rows: 4, columns: 8 };
const threads = { across: 8, down: 8 };

const shader = { name: "moe/grouped", source };
const tile: ProductTile = {
  block: thread.rows * threads.down,
  columns: () => thread.columns * threads.across,
  shared: () => [thread.rows, thread.columns],
};
const constants = () => ({
  ...{ ROWS: thread.rows, COLUMNS: thread.columns, ACROSS: threads.across, DOWN: threads.down },
});

/** In register tiles, over a grid that the GPU has sized. */
export const indirectProduct = groupedProduct(shader, tile, constants, "indirect");

/** In register tiles, over a grid for as many blocks as there can be; those past the last leave. */
export const boundedProduct = groupedProduct(shader, tile, constants, "bounded");

/** The most rows of a block that any of the grouped products has. */
export const mostBlockRows = tile.block;
