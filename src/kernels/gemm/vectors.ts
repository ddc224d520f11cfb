import source from "#shaders/gemm/vectors.wgsl";
import { blockTile, blockWork } from "./block.ts";
import { rungOf } from "./variant.ts";

/** Tiles that are loaded, kept and used four elements at a time, 8 × 8 outputs per thread. */
export const vectors = rungOf({
  name: "gemm/vectors",
  source,
  loads: "quads",
  tile: blockTile,
  work: blockWork,
});
