import source from "#shaders/matmul/naive.wgsl";
import { defineKernel } from "../kernel.ts";
import { linear, linearCost, linearSpecialisation } from "./linear.ts";

/** One output per thread. Takes any k. */
export const naive = {
  record: defineKernel({
    name: "matmul/naive",
    source,
    ...linear,
    specialise: linearSpecialisation,
    threads: ({ rows, n }) => rows * n,
    cost: (axes, _options: object, context) => {
      const products = axes.rows * axes.k * axes.n;
      return linearCost(axes, context, { products, xBytes: 4 * products, weights: products });
    },
  }),
};
