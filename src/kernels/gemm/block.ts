// What the kernels with gemm/block have in common.
import { constantsOf, type Shader } from "../../gpu/specialise.ts";
import type { GemmWork } from "./problem.ts";

/** Rows and columns of a workgroup's tile. */
export function blockTile(shader: Shader) {
  const { TILE } = constantsOf(shader, "TILE");
  return { rows: TILE, columns: TILE };
}

/** Quads past the edges are loaded again, or are zeros without a load past the last i. */
export function blockWork({ m, k, n }: Readonly<Record<"m" | "k" | "n", number>>, shader: Shader): GemmWork {
  const { TILE, DEPTH } = constantsOf(shader, "TILE", "DEPTH");
  const outputs = Math.ceil(m / TILE) * Math.ceil(n / TILE) * TILE;
  return { products: outputs * TILE * Math.ceil(k / DEPTH) * DEPTH, a: outputs * k, b: outputs * k };
}
