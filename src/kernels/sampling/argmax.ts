import source from "#shaders/sampling/argmax.wgsl";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { rowThreads } from "../reduce/lanes.ts";

/**
 * Index of the largest element along the last axis, the lowest where several tie. `x` is `[..., v]`, `index` `[...]`
 * (u32). NaN counts as −∞; a row with no element above −∞ gives 0.
 */
export const argmax = /* @__PURE__ */ withOptions(
  defineKernel({
    name: "sampling/argmax",
    source,
    inputs: { x: "[...rows, v]" },
    outputs: { index: "[...rows]" },
    dtypes: () => ({ index: "u32" }),
    params: ({ rows, v }) => ({ rows, v }),
    specialise: ({ v }) => ({ constants: rowThreads(v) }),
    workgroups: ({ rows }) => [rows],
    cost: ({ rows, v }) => ({ flops: 0, requestedBytes: 4 * rows * (v + 1) }),
  }),
  {},
);
