import source from "#shaders/gemm/tiled.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { rungOf, tileWork } from "./variant.ts";

/** Tiles of a and b in workgroup memory, one output per thread. */
export const tiled = rungOf({
  name: "gemm/tiled",
  source,
  loads: "elements",
  tile: (shader) => {
    const { TILE } = constantsOf(shader, "TILE");
    return { rows: TILE, columns: TILE };
  },
  work: (axes, shader) => {
    const { TILE } = constantsOf(shader, "TILE");
    return tileWork(axes, TILE, TILE, TILE);
  },
});
