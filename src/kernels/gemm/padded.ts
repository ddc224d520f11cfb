import source from "#shaders/gemm/padded.wgsl";
import { blockTile, blockWork } from "./block.ts";
import { rungOf } from "./variant.ts";

/** The same with padded tiles, whose stores go to different banks. */
export const padded = rungOf({
  name: "gemm/padded",
  source,
  loads: "quads",
  tile: blockTile,
  work: blockWork,
});
