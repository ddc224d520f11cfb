import source from "#shaders/moe/grouped.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { groupedProduct, type ProductTile } from "./grouped-product.ts";

const shader = { name: "moe/grouped", source };
const sizes = constantsOf(source, "BLOCK", "ROWS", "COLUMNS", "COLUMN_THREADS");
const tile: ProductTile = {
  block: sizes.BLOCK,
  columns: () => sizes.COLUMNS * sizes.COLUMN_THREADS,
  shared: () => [sizes.ROWS, sizes.COLUMNS],
};

/** In register tiles, over a grid sized by the GPU. */
export const indirectProduct = groupedProduct(shader, tile, "indirect");

/** In register tiles, over a grid for the maximum number of blocks; those past the last return. */
export const boundedProduct = groupedProduct(shader, tile, "bounded");

/** The largest number of rows per block of any grouped product. */
export const mostBlockRows = tile.block;
