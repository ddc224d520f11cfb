import source from "#shaders/matmul/tiled.wgsl";
import { constantsOf } from "../../gpu/specialise.ts";
import { defineKernel } from "../kernel.ts";
import { linear, linearCost, linearSpecialisation } from "./linear.ts";

/** Square tiles of x and of the weight in workgroup memory, one output per thread. Takes any k. */
export const tiled = {
  record: defineKernel({
    name: "matmul/tiled",
    source,
    ...linear,
    specialise: linearSpecialisation,
    workgroups: ({ rows, n }, _options, _context, shader) => {
      const { TILE } = constantsOf(shader, "TILE");
      return [Math.ceil(n / TILE), Math.ceil(rows / TILE)];
    },
    cost: (axes, _options: object, context, shader) => {
      const { rows, k, n } = axes;
      const { TILE } = constantsOf(shader, "TILE");
      const [across, down, steps] = [Math.ceil(n / TILE), Math.ceil(rows / TILE), Math.ceil(k / TILE)];
      return linearCost(axes, context, {
        products: across * down * steps * TILE ** 3,
        xBytes: 4 * rows * k * across,
        weights: n * k * down,
      });
    },
  }),
};
