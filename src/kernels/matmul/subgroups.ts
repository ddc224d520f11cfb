import source from "#shaders/matmul/subgroups.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { defineKernel } from "../kernel.ts";
import { linear, linearCost, linearParts, type MatmulTensors, wantsVectors } from "./linear.ts";

const tile = { rows: 8, columns: 4 }; // of a subgroup, and of a thread

/** Register tiles of a whole subgroup, in which x goes round by shuffles. Needs k to be a multiple of 4. */
export const subgroups = {
  requires: ["subgroups"],
  accepts: (tensors: MatmulTensors, _options: object, { adapter }: Gpu): string | undefined =>
    adapter.subgroupSize === undefined ? "this device's subgroups have no one size" : wantsVectors(tensors),
  record: defineKernel({
    name: "matmul/subgroups",
    source,
    ...linear,
    specialise: (_axes, _options: object, context) => ({
      parts: linearParts(context),
      constants: { SUBGROUP: context.gpu.adapter.subgroupSize ?? 0, ROWS: tile.rows, COLUMNS: tile.columns },
    }),
    workgroups: ({ rows, n }, _options, { gpu }) => [
      Math.ceil(n / (tile.columns * (gpu.adapter.subgroupSize ?? 1))),
      Math.ceil(rows / tile.rows),
    ],
    cost: (axes, _options, context) => {
      const { rows, k, n } = axes;
      const size = context.gpu.adapter.subgroupSize ?? 1;
      const columns = Math.ceil(n / (tile.columns * size)) * tile.columns * size;
      const down = Math.ceil(rows / tile.rows);
      return linearCost(axes, context, {
        products: down * tile.rows * columns * k,
        xBytes: (4 * down * tile.rows * k * columns) / (tile.columns * size),
        weightVectors: (down * columns * k) / 4,
      });
    },
  }),
};
