import source from "#shaders/matmul/register.wgsl";
import { defineKernel } from "../kernel.ts";
import { linear, linearCost, linearSpecialisation, wantsVectors } from "./linear.ts";

const tile = { rows: 4, columns: 8 }; // of a thread
const threads = { across: 8, down: 8 };

/**
 * Register tiles: each thread keeps the sums of several rows and columns, so that a loaded vector is used several
 * times (Volkov and Demmel 2008, section 4, without the shared memory). Needs k to be a multiple of 4.
 */
export const register = {
  accepts: wantsVectors,
  record: defineKernel({
    name: "matmul/register",
    source,
    ...linear,
    specialise: linearSpecialisation,
    workgroups: ({ rows, n }) => [
      Math.ceil(n / (tile.columns * threads.across)),
      Math.ceil(rows / (tile.rows * threads.down)),
    ],
    cost: (axes, _options: object, context) => {
      const { rows, k, n } = axes;
      const used = Math.ceil(n / tile.columns) * Math.ceil(rows / tile.rows);
      return linearCost(axes, context, {
        products: used * tile.rows * tile.columns * k,
        xBytes: 4 * used * tile.rows * k,
        weightVectors: (used * tile.columns * k) / 4,
      });
    },
  }),
};
