import source from "#shaders/gemm/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/specialise.ts";
import type { GemmOptions, GemmTensors } from "./problem.ts";
import { rungOf } from "./variant.ts";

/** Register tiles of a whole subgroup, whose threads share a by shuffles. */
export const subgroups = {
  requires: ["subgroups"],
  accepts: (_tensors: GemmTensors, _options: GemmOptions, { adapter }: Gpu): string | undefined =>
    adapter.subgroupSize === undefined ? "this device's subgroups have no fixed size" : undefined,
  ...rungOf({
    name: "gemm/subgroups",
    source,
    loads: "quads",
    constants: ({ gpu }) => ({ SUBGROUP: gpu.adapter.subgroupSize ?? 0 }),
    tile: (shader) => {
      const { SUBGROUP, ROWS } = constantsOf(shader, "SUBGROUP", "ROWS");
      return { rows: ROWS, columns: 4 * SUBGROUP };
    },
    work: ({ m, k, n }, shader) => {
      const { SUBGROUP, ROWS } = constantsOf(shader, "SUBGROUP", "ROWS");
      const [down, across] = [Math.ceil(m / ROWS), Math.ceil(n / (4 * SUBGROUP))];
      const [rows, columns] = [down * ROWS, across * 4 * SUBGROUP];
      return { products: rows * columns * 4 * Math.ceil(k / 4), a: rows * across * k, b: columns * down * k };
    },
  }),
};
