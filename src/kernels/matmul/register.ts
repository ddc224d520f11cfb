import source from "#shaders/matmul/register.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { defineKernel } from "../kernel.ts";
import { linear, linearCost, linearSpecialisation, wantsVectors } from "./linear.ts";

/**
 * Register tiles: each thread keeps the sums of several rows and columns, so that a loaded vector is reused (Volkov and
 * Demmel 2008, section 4, without the shared memory). Requires k to be a multiple of 4.
 */
export const register = {
  accepts: wantsVectors,
  record: defineKernel({
    name: "matmul/register",
    source,
    ...linear,
    specialise: linearSpecialisation,
    workgroups: ({ rows, n }, _options, _context, shader) => {
      const { ROWS, COLUMNS, COLUMN_THREADS, ROW_THREADS } = constantsOf(
        shader,
        "ROWS",
        "COLUMNS",
        "COLUMN_THREADS",
        "ROW_THREADS",
      );
      return [Math.ceil(n / (COLUMNS * COLUMN_THREADS)), Math.ceil(rows / (ROWS * ROW_THREADS))];
    },
    cost: (axes, _options: object, context, shader) => {
      const { rows, k, n } = axes;
      const { ROWS, COLUMNS } = constantsOf(shader, "ROWS", "COLUMNS"); // of a thread
      const used = Math.ceil(n / COLUMNS) * Math.ceil(rows / ROWS);
      return linearCost(axes, context, {
        products: used * ROWS * COLUMNS * k,
        xBytes: 4 * used * ROWS * k,
        weightVectors: (used * COLUMNS * k) / 4,
      });
    },
  }),
};
