import source from "#shaders/gemm/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/specialise.ts";
import { quadsOf } from "./operands.ts";
import type { GemmOptions, GemmTensors } from "./problem.ts";
import { rungOf } from "./variant.ts";

/**
 * Tiles of a workgroup, and the rows and the m · k · n from which on it has them. On llvmpipe (Mesa 25) four take 0.6 of the
 * time of one, for 2048 × 768 × 256, and so do eight; but their shader takes seconds to compile, which small products do not
 * save again. One that loads a element by element would be longer still.
 */
const [mostTiles, enoughRows, enoughProducts] = [4, 64, 2 ** 23];

/** Whether a product has several tiles in a workgroup. */
const isLarge = ({ m, k, n }: Readonly<Record<"m" | "k" | "n", number>>) =>
  m >= enoughRows && m * k * n >= enoughProducts;

/** Register tiles of a whole subgroup, whose threads share a by shuffles. */
export const subgroups = {
  requires: ["subgroups"],
  accepts: (_tensors: GemmTensors, _options: GemmOptions, { adapter }: Gpu): string | undefined =>
    adapter.subgroupSize === undefined ? "this device's subgroups have no fixed size" : undefined,
  ...rungOf({
    name: "gemm/subgroups",
    source,
    loads: "quads",
    constants: (axes, context) => ({
      SUBGROUP: context.gpu.adapter.subgroupSize ?? 0,
      TILES: isLarge(axes) && quadsOf(axes, context).vectors.a ? mostTiles : 1,
    }),
    tile: (shader) => {
      const { SUBGROUP, ROWS, TILES } = constantsOf(shader, "SUBGROUP", "ROWS", "TILES");
      return { rows: ROWS * TILES, columns: 4 * SUBGROUP };
    },
    work: ({ m, k, n }, shader) => {
      const { SUBGROUP, ROWS, TILES } = constantsOf(shader, "SUBGROUP", "ROWS", "TILES");
      const [down, across] = [Math.ceil(m / (ROWS * TILES)), Math.ceil(n / (4 * SUBGROUP))];
      const [rows, columns] = [Math.ceil(m / ROWS) * ROWS, across * 4 * SUBGROUP];
      return { products: rows * columns * 4 * Math.ceil(k / 4), a: rows * across * k, b: columns * down * k };
    },
  }),
};
