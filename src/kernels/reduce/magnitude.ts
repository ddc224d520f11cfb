import source from "#shaders/reduce/magnitude.wgsl";
import { required, size } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import { withOptions } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";

/**
 * Keeps the largest magnitude of all elements of `x` (f32, any shape) in a word of `peaks` (u32 `[words]`), where that
 * is above what the word holds: as the bits of a float, whose order is that of the numbers, infinity above them all and
 * NaN above infinity. Throws `ShapeError` for an index that `peaks` does not have.
 */
export const magnitude = /* @__PURE__ */ withOptions(
  defineKernel({
    name: "reduce/magnitude",
    source,
    inputs: { x: "[...n]" },
    inout: { peaks: "[words]" },
    accepts: { peaks: ["u32"] },
    params: ({ n }, { index }: { readonly index: number }) => ({ n, index }),
    workgroups: () => [1],
    cost: ({ n }) => ({ flops: 0, requestedBytes: 4 * n + 8 }),
    check: ({ words }, { index }) => {
      if (index >= words) throw new ShapeError(`reduce/magnitude: index is ${index}, expected less than ${words}`);
    },
  }),
  { index: required(size) },
);
