import source from "#shaders/moe/grouped.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { groupedProduct, type ProductTile } from "./grouped-product.ts";

const shader = { name: "moe/grouped", source };
const sizes = constantsOf(source, "BLOCK", "ROWS", "COLUMNS", "ACROSS");
const tile: ProductTile = {
  block: sizes.BLOCK,
  columns: () => sizes.COLUMNS * sizes.ACROSS,
  shared: () => [sizes.ROWS, sizes.COLUMNS],
};

/** In register tiles, over a grid that the GPU has sized. */
export const indirectProduct = groupedProduct(shader, tile, "indirect");

/** In register tiles, over a grid for as many blocks as there can be; those past the last leave. */
export const boundedProduct = groupedProduct(shader, tile, "bounded");

/** The most rows of a block that any of the grouped products has. */
export const mostBlockRows = tile.block;
