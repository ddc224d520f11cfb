import source from "#shaders/matmul/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/specialise.ts";
import { defineKernel } from "../kernel.ts";
import { linear, linearCost, linearParts, type MatmulTensors, wantsVectors } from "./linear.ts";

/** Register tiles of a whole subgroup, which shares x by shuffles. Requires k to be a multiple of 4. */
export const subgroups = {
  requires: ["subgroups"],
  accepts: (tensors: MatmulTensors, _options: object, { adapter }: Gpu): string | undefined =>
    adapter.subgroupSize === undefined ? "this device's subgroups have no fixed size" : wantsVectors(tensors),
  record: defineKernel({
    name: "matmul/subgroups",
    source,
    ...linear,
    specialise: (_axes, _options: object, context) => ({
      parts: linearParts(context),
      constants: { SUBGROUP: context.gpu.adapter.subgroupSize ?? 0 },
    }),
    workgroups: ({ rows, n }, _options, _context, shader) => {
      const { SUBGROUP, ROWS, TILES, COLUMNS } = constantsOf(shader, "SUBGROUP", "ROWS", "TILES", "COLUMNS");
      return [Math.ceil(n / (COLUMNS * SUBGROUP)), Math.ceil(rows / (ROWS * TILES))];
    },
    cost: (axes, _options, context, shader) => {
      const { rows, k, n } = axes;
      const { SUBGROUP, ROWS, TILES, COLUMNS } = constantsOf(shader, "SUBGROUP", "ROWS", "TILES", "COLUMNS");
      const [across, down] = [Math.ceil(n / (COLUMNS * SUBGROUP)), Math.ceil(rows / (ROWS * TILES))];
      const [padded, columns] = [Math.ceil(rows / ROWS) * ROWS, across * COLUMNS * SUBGROUP];
      return linearCost(axes, context, {
        products: padded * columns * k,
        xBytes: 4 * rows * k * across,
        weightVectors: (down * columns * k) / 4,
      });
    },
  }),
};
