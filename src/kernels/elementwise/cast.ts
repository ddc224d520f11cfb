import source from "#shaders/elementwise/cast.wgsl";
import fromFloat from "#shaders/elementwise/from/float.wgsl";
import fromInteger from "#shaders/elementwise/from/integer.wgsl";
import toFloat from "#shaders/elementwise/to/float.wgsl";
import toInteger from "#shaders/elementwise/to/integer.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, oneOf, required } from "../../options/checks.ts";
import { type PlainType, perWord, plainElement, plainType, plainTypes } from "../../tensor/formats/formats.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, intoOf, onlyX } from "../define/arguments.ts";
import { defineKernel, type Into } from "../define/kernel.ts";
import { checkWalk, type Walk, walker, walkOver } from "../layout/walk.ts";

const parts = {
  from: { float: fromFloat, integer: fromInteger },
  to: { float: toFloat, integer: toInteger },
} as const;

/** The part of one side of a cast, `from` or `to`, and its constants. */
function side(folder: "from" | "to", dtype: PlainType) {
  const name = folder === "from" ? "SOURCE" : "RESULT";
  const element = plainElement(dtype);
  if (element.kind === "integer") {
    return { part: parts[folder].integer, constants: { [`${name}_SIGNED`]: element.signed } };
  }
  const { fraction, bias } = element;
  const constants = { [`${name}_FRACTION`]: fraction, [`${name}_BIAS`]: bias, [`${name}_PACKED`]: perWord(dtype) };
  return { part: parts[folder].float, constants };
}

type CastOptions = { readonly dtype: PlainType } & Into<{ readonly y: Tensor }>;

const kernel = defineKernel({
  name: "elementwise/cast",
  source,
  inputs: { x: "[...n]" },
  outputs: { y: "[...n]" },
  accepts: { x: plainTypes },
  strided: ["x"],
  params: (_, { walk }: { readonly walk: Walk; readonly dtype: PlainType }, context) =>
    walker(walk, context, { single: true }).params,
  dtypes: ({ dtype }) => ({ y: dtype }),
  specialise: (_, { walk, dtype }, context) => {
    const from = side("from", plainType(context.dtypes["x"] ?? "f32", "cast: x"));
    const to = side("to", dtype);
    return {
      parts: [from.part, to.part, ...walker(walk, context, { single: true }).parts],
      constants: { ...from.constants, ...to.constants },
    };
  },
  threads: ({ n }, { dtype }) => n / perWord(dtype),
  cost: ({ n }, { dtype }) => ({
    flops: 0,
    requestedBytes: 4 * (n + Math.ceil(n / perWord(dtype)) + (n % perWord(dtype))),
  }),
});

const fields = fieldsOf<CastOptions>({ dtype: required(oneOf(...plainTypes)), into: intoOf("y") });

/**
 * Converts elements to another type. `x` may have any type and shape and be a view; `y` has its shape. f16 and bf16
 * round to nearest, ties to even (IEEE 754 section 4.3.1), as does f32 where an integer does not fit; i32 and u32
 * truncate and saturate, and NaN becomes 0. Exact on every adapter.
 */
export function cast(gpu: Gpu, tensors: { readonly x: Tensor }, given: CastOptions): { readonly y: Tensor } {
  checkCall("cast", onlyX, tensors, fields, given);
  const { x } = tensors;
  const { dtype, ...options } = given;
  const walk = walkOver(x.shape, { x });
  checkWalk("cast", walk);
  return gpu.group({ op: "cast", variant: "cast", options: { dtype }, by: cast, tensors }, () =>
    kernel(gpu, { x }, { ...options, walk, dtype }),
  );
}
