import operationMax from "#shaders/reduce/operation/max.wgsl";
import operationSum from "#shaders/reduce/operation/sum.wgsl";
import source from "#shaders/reduce/segments.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { fieldsOf, oneOf, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";

const operations = { sum: operationSum, max: operationMax } as const;

/** How the rows of a segment become one. */
export interface SegmentOptions {
  readonly operation: keyof typeof operations;
}

/**
 * Rows x `[t, c]` with their weights `[t]`, and offsets u32 `[n + 1]` of where segments begin and the last one ends.
 */
export interface SegmentTensors {
  readonly x: Tensor;
  readonly weights: Tensor;
  readonly offsets: Tensor;
}

const kernel = defineKernel({
  name: "reduce/segments",
  source,
  inputs: { x: "[t, c]", weights: "[t]", offsets: "[ends]" },
  outputs: { y: "[n, c]" },
  accepts: { offsets: ["u32"] },
  axes: ({ ends }) => ({ n: Math.max(0, ends - 1) }),
  params: ({ n, t, c }, { operation }: SegmentOptions) => ({
    n,
    t,
    c,
    initial: operation === "max" ? Number.NEGATIVE_INFINITY : 0,
  }),
  specialise: (_, { operation }) => ({ parts: [operations[operation]] }),
  workgroups: ({ n, c }, _options, _context, shader) => [n * Math.ceil(c / constantsOf(shader, "WORKGROUP").WORKGROUP)],
  // As if all rows belonged to a segment: the offsets are on the GPU.
  cost: ({ t, c, n }) => ({ flops: 2 * t * c, requestedBytes: 4 * (2 * t * c + n * c) + 8 * n * c }),
});

const fields = tensorFields("x", "weights", "offsets");
const choices = fieldsOf<SegmentOptions & Into<{ readonly y: Tensor }>>({
  operation: required(oneOf(...Object.keys(operations))),
  into: intoOf("y"),
});

/**
 * The weighted rows of each segment, added up or the largest of each column: `y[i] = Σ weights[t] · x[t]` over the rows
 * of segment i. Rows of weight 0 do not count; a segment without any other gives 0, or −∞ for `max`. x `[t, c]`,
 * weights `[t]`, offsets u32 `[n + 1]`, in ascending order → y `[n, c]`, all f32. Throws `ShapeError` for shapes that
 * do not fit.
 */
export function reduceSegments(
  gpu: Gpu,
  tensors: SegmentTensors,
  options: SegmentOptions & Into<{ readonly y: Tensor }>,
): { readonly y: Tensor } {
  checkCall("reduceSegments", fields, tensors, choices, options);
  const { operation } = options;
  return gpu.group({ op: "segments", variant: "thread", options: { operation }, by: reduceSegments, tensors }, () =>
    kernel(gpu, tensors, options),
  );
}
