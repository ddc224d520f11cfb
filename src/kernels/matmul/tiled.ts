import source from "#shaders/matmul/tiled.wgsl";
import { defineKernel } from "../kernel.ts";
import { linear, linearCost, linearSpecialisation } from "./linear.ts";

const tile = 16;

/** Square tiles of x and of the weight in workgroup memory, one output per thread. Takes any k. */
export const tiled = {
  record: defineKernel({
    name: "matmul/tiled",
    source,
    ...linear,
    specialise: linearSpecialisation,
    workgroups: ({ rows, n }) => [Math.ceil(n / tile), Math.ceil(rows / tile)],
    cost: (axes, _options: object, context) => {
      const { rows, k, n } = axes;
      const [across, down, steps] = [Math.ceil(n / tile), Math.ceil(rows / tile), Math.ceil(k / tile)];
      return linearCost(axes, context, {
        products: across * down * steps * tile ** 3,
        xBytes: 4 * rows * k * across,
        weights: n * k * down,
      });
    },
  }),
};
