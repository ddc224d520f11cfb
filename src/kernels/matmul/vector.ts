import source from "#shaders/matmul/vector.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { defineKernel, type KernelContext } from "../kernel.ts";
import { tuning } from "../tuning.ts";
import { linear, linearCost, linearParts, type MatmulTensors, wantsVectors } from "./linear.ts";

/** Most rows that it takes. */
const mostRows = 8;
const columns = 4; // of a team: a vector
const workgroup = 64;

/** 1, 2, 4 or 8: a constant of the shader, so that there are four pipelines and not eight. */
const rowsConstant = (rows: number) => 2 ** Math.ceil(Math.log2(Math.max(1, rows)));

const columnsOfWorkgroup = (gpu: Gpu) => (workgroup / tuning(gpu).vectorLanes) * columns;

/**
 * The decode shape, 1 to 8 rows: every value of the weight is loaded once. A row's result is the same to the bit
 * whatever other rows come with it. Needs k to be a multiple of 4.
 */
export const vector = {
  accepts: (tensors: MatmulTensors): string | undefined => {
    const rows = tensors.x.shape.slice(0, -1).reduce((product, axis) => product * axis, 1);
    return rows > mostRows ? `x has ${rows} rows, expected 1 to ${mostRows}` : wantsVectors(tensors);
  },
  record: defineKernel({
    name: "matmul/vector",
    source,
    ...linear,
    specialise: ({ rows }, _options: object, context) => ({
      parts: linearParts(context),
      constants: { ROWS: rowsConstant(rows), LANES: tuning(context.gpu).vectorLanes },
    }),
    workgroups: ({ n }, _options, { gpu }) => [Math.ceil(n / columnsOfWorkgroup(gpu))],
    cost: (axes, _options, context: KernelContext) => {
      const { rows, k, n } = axes;
      const perWorkgroup = columnsOfWorkgroup(context.gpu);
      const padded = Math.ceil(n / perWorkgroup) * perWorkgroup;
      const constant = rowsConstant(rows);
      return linearCost(axes, context, {
        products: constant * padded * k,
        xBytes: (4 * constant * padded * k) / columns,
        weightVectors: (padded * k) / 4,
      });
    },
  }),
};
