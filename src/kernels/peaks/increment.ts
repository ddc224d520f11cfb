import source from "#shaders/peaks/increment.wgsl";
import { withOptions } from "../arguments.ts";
import { defineKernel } from "../kernel.ts";

/**
 * Adds 1 to each element of count `[n]`, one thread each: a sequence of such dispatches measures the cost of a
 * dispatch.
 */
export const increment = withOptions(
  defineKernel({
    name: "peaks/increment",
    source,
    inputs: {},
    inout: { count: "[n]" },
    accepts: { count: ["u32"] },
    params: () => ({}),
    workgroups: ({ n }) => [n],
    cost: ({ n }) => ({ flops: 0, requestedBytes: 8 * n }),
  }),
  {},
);
