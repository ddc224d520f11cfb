import source from "#shaders/matmul/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/specialise.ts";
import { defineKernel } from "../kernel.ts";
import { linear, linearCost, linearParts, type MatmulTensors, wantsVectors } from "./linear.ts";

/** Rows of a tile: 16, so that a loaded weight serves as many products, or 8 where the last tile would waste too many. */
const tileRows = (rows: number) => (16 * Math.ceil(rows / 16) <= 1.25 * 8 * Math.ceil(rows / 8) ? 16 : 8);

/** Register tiles of a whole subgroup, which shares x by shuffles. Requires k to be a multiple of 4. */
export const subgroups = {
  requires: ["subgroups"],
  accepts: (tensors: MatmulTensors, _options: object, { adapter }: Gpu): string | undefined =>
    adapter.subgroupSize === undefined ? "this device's subgroups have no fixed size" : wantsVectors(tensors),
  record: defineKernel({
    name: "matmul/subgroups",
    source,
    ...linear,
    specialise: ({ rows }, _options: object, context) => ({
      parts: linearParts(context),
      constants: { SUBGROUP: context.gpu.adapter.subgroupSize ?? 0, ROWS: tileRows(rows) },
    }),
    workgroups: ({ rows, n }, _options, _context, shader) => {
      const { SUBGROUP, ROWS, COLUMNS } = constantsOf(shader, "SUBGROUP", "ROWS", "COLUMNS");
      return [Math.ceil(n / (COLUMNS * SUBGROUP)), Math.ceil(rows / ROWS)];
    },
    cost: (axes, _options, context, shader) => {
      const { rows, k, n } = axes;
      const { SUBGROUP, ROWS, COLUMNS } = constantsOf(shader, "SUBGROUP", "ROWS", "COLUMNS");
      const [across, down] = [Math.ceil(n / (COLUMNS * SUBGROUP)), Math.ceil(rows / ROWS)];
      const columns = across * COLUMNS * SUBGROUP;
      return linearCost(axes, context, {
        products: down * ROWS * columns * k,
        xBytes: 4 * down * ROWS * k * across,
        weightVectors: (down * columns * k) / 4,
      });
    },
  }),
};
