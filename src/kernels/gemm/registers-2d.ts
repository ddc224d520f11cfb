import source from "#shaders/gemm/registers-2d.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { rungOf, tileWork } from "./variant.ts";

/** Tiles, and 8 × 8 outputs per thread (Volkov and Demmel 2008). */
export const registers2d = rungOf({
  name: "gemm/registers-2d",
  source,
  loads: "elements",
  tile: (shader) => {
    const { TILE_ROWS, TILE_COLUMNS } = constantsOf(shader, "TILE_ROWS", "TILE_COLUMNS");
    return { rows: TILE_ROWS, columns: TILE_COLUMNS };
  },
  work: (axes, shader) => {
    const { TILE_ROWS, TILE_COLUMNS, DEPTH } = constantsOf(shader, "TILE_ROWS", "TILE_COLUMNS", "DEPTH");
    return tileWork(axes, TILE_ROWS, TILE_COLUMNS, DEPTH);
  },
});
