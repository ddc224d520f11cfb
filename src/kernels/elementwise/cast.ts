import source from "#shaders/elementwise/cast.wgsl";
import fromFloat from "#shaders/elementwise/from/float.wgsl";
import fromInteger from "#shaders/elementwise/from/integer.wgsl";
import toFloat from "#shaders/elementwise/to/float.wgsl";
import toInteger from "#shaders/elementwise/to/integer.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { DType } from "../../tensor/dtype.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel, type Into } from "../kernel.ts";
import { checkWalk, type Walk, walker, walkOver } from "../layout/walk.ts";

const workgroup = 64;

/** Stored fraction bits and exponent bias of the floats (IEEE 754 section 3.6; bf16 is the upper half of an f32). */
export const floats = {
  f32: { fraction: 23, bias: 127 },
  f16: { fraction: 10, bias: 15 },
  bf16: { fraction: 7, bias: 127 },
} as const;

const packed = (dtype: DType) => (dtype === "f16" || dtype === "bf16" ? 2 : 1);

const parts = {
  from: { float: fromFloat, integer: fromInteger },
  to: { float: toFloat, integer: toInteger },
} as const;

/** The part of one side of a cast, `from` or `to`, and its constants. */
function side(folder: "from" | "to", dtype: DType) {
  const name = folder === "from" ? "SOURCE" : "RESULT";
  if (dtype === "i32" || dtype === "u32") {
    return { part: parts[folder].integer, constants: { [`${name}_SIGNED`]: dtype === "i32" } };
  }
  const { fraction, bias } = floats[dtype];
  const constants = { [`${name}_FRACTION`]: fraction, [`${name}_BIAS`]: bias, [`${name}_PACKED`]: packed(dtype) };
  return { part: parts[folder].float, constants };
}

const kernel = defineKernel({
  name: "elementwise/cast",
  source,
  inputs: { x: "[...n]" },
  outputs: { y: "[...n]" },
  accepts: { x: ["f32", "f16", "bf16", "i32", "u32"] },
  strided: ["x"],
  params: (_, { walk }: { readonly walk: Walk; readonly dtype: DType }, context) =>
    walker(walk, context, { single: true }).params,
  dtypes: ({ dtype }) => ({ y: dtype }),
  specialise: (_, { walk, dtype }, context) => {
    const from = side("from", context.dtypes["x"] ?? "f32");
    const to = side("to", dtype);
    return {
      parts: [from.part, to.part, ...walker(walk, context, { single: true }).parts],
      constants: { ...from.constants, ...to.constants },
    };
  },
  workgroups: ({ n }, { dtype }) => [Math.ceil(n / packed(dtype) / workgroup)],
  cost: ({ n }, { dtype }) => ({ flops: 0, requestedBytes: 4 * n + (4 * n) / packed(dtype) }),
});

/**
 * The elements as another type holds them. `x` may have any type and shape and be a view; `y` has its shape. f16 and
 * bf16 round to nearest, ties to even (IEEE 754 section 4.3.1), as does f32 where an integer does not fit; i32 and u32
 * cut the fraction off and end at their least and largest values, NaN becoming 0. Exact on every adapter.
 */
export function cast(
  gpu: Gpu,
  { x }: { readonly x: Tensor },
  { dtype, ...options }: { readonly dtype: DType } & Into<{ readonly y: Tensor }>,
): { readonly y: Tensor } {
  const walk = walkOver(x.shape, { x });
  checkWalk("cast", walk);
  return gpu.group("cast", "cast", { dtype }, () => kernel(gpu, { x }, { ...options, walk, dtype }));
}
