import source from "#shaders/gemm/double-buffer.wgsl";
import { blockTile, blockWork } from "./block.ts";
import { rungOf } from "./variant.ts";

/** The same with two tiles: the next is loaded while the products of one are added up. */
export const doubleBuffer = rungOf({
  name: "gemm/double-buffer",
  source,
  loads: "quads",
  tile: blockTile,
  work: blockWork,
});
