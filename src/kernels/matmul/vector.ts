import source from "#shaders/matmul/vector.wgsl";
import { constantsOf, type Shader } from "../../gpu/specialise.ts";
import { defineKernel } from "../kernel.ts";
import { tuning } from "../tuning.ts";
import { fewRows, rowsConstant } from "./few-rows.ts";
import { linear, linearCost, linearParts, type MatmulTensors, wantsVectors } from "./linear.ts";

/** Columns of a workgroup, of which a team of lanes has four. */
const columnsOf = (shader: Shader) => 4 * constantsOf(shader, "TEAMS").TEAMS;

/**
 * The decode shape, 1 to 8 rows: every value of the weight is loaded once. A row's result is bitwise independent of the
 * other rows. Requires k to be a multiple of 4.
 */
export const vector = {
  accepts: (tensors: MatmulTensors): string | undefined => fewRows(tensors.x) ?? wantsVectors(tensors),
  record: defineKernel({
    name: "matmul/vector",
    source,
    ...linear,
    specialise: ({ rows }, _options: object, context) => ({
      parts: linearParts(context),
      constants: { ROWS: rowsConstant(rows), LANES: tuning(context.gpu).vectorLanes },
    }),
    workgroups: ({ n }, _options, _context, shader) => [Math.ceil(n / columnsOf(shader))],
    cost: (axes, _options, context, shader) => {
      const { k, n } = axes;
      const columns = columnsOf(shader);
      const padded = Math.ceil(n / columns) * columns;
      const { ROWS } = constantsOf(shader, "ROWS");
      return linearCost(axes, context, {
        products: ROWS * padded * k,
        xBytes: ROWS * padded * k,
        weightVectors: (padded * k) / 4,
      });
    },
  }),
};
