import source from "#shaders/kv-cache/append.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, integer } from "../../options/checks.ts";
import { plainElement, plainType } from "../../tensor/formats.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { checkCall, tensorFields } from "../arguments.ts";
import { wordPart, wordTypes } from "../formats.ts";
import { defineKernel } from "../kernel.ts";
import { appendQuantised } from "./append-quantised.ts";
import {
  type AppendProblem,
  appendBindings,
  appendParts,
  appendUniforms,
  checkAppend,
  viewParams,
} from "./appending.ts";
import { type KvLayout, kvLayoutCheck } from "./layouts.ts";

/** New keys and values, and the cache that stores them. */
export interface AppendTensors {
  /** New keys `[b, t, g, d]`; may be a view whose last axis is contiguous. */
  readonly k: Tensor;
  /** New values `[b, t, g, dv]`; may be such a view. */
  readonly v: Tensor;
  /** The cache's keys, changed in place: f32, f16 or bf16 `[b, g, s, d]`, or u32 `[b, g, s, d / 4]` (int8) or `[b, g, s, d / 8]` (int4). */
  readonly keys: Tensor;
  /** The cache's values, changed in place, stored like the keys. */
  readonly values: Tensor;
  /** Scales of integer keys, changed in place: `[b, g, s]` for int8, `[b, g, s, d / 32]` for int4. */
  readonly kScale?: Tensor | undefined;
  /** Scales of integer values. */
  readonly vScale?: Tensor | undefined;
  /** Position and number of tokens of each batch row, u32 `[64, 4]`. */
  readonly step?: Tensor | undefined;
}

/** Where new keys and values are stored. */
export interface AppendOptions {
  /** Position of the first token where no step is given; default 0. */
  readonly start?: number;
  /** Layout of the cache; default contiguous. A paged cache is `[pages, g, page, d]`. */
  readonly layout?: KvLayout;
}

const tensorsOfAppend = tensorFields("k", "v", "keys", "values", "kScale?", "vScale?", "step?");
const optionsOfAppend = fieldsOf<AppendOptions>({ start: integer(0, 2 ** 30), layout: kvLayoutCheck });

const append = defineKernel({
  name: "kv-cache/append",
  source,
  inputs: { k: "[b, t, g, d]", v: "[b, t, g, dv]", "step?": "[64, 4]" },
  inout: { keys: "[rows, g, s, d]", values: "[rows, g, s, dv]" },
  accepts: { step: ["u32"], keys: wordTypes, values: wordTypes },
  binds: appendBindings,
  strided: ["k", "v"],
  params: ({ b, t, g, s, d, dv }, { start, packed }: AppendProblem, context) => ({
    size: (b * t * g * (d + dv)) / packed,
    t,
    g,
    s,
    d,
    width: dv,
    start,
    ...viewParams(context),
  }),
  uniforms: ({ rows }, problem) => appendUniforms(problem, rows),
  specialise: (_axes, problem, { dtypes }) => {
    const { keys = "f32" } = dtypes;
    const parts = [...appendParts(problem, dtypes), wordPart(keys)];
    const element = plainElement(plainType(keys, "kv-cache/append: keys"));
    if (problem.packed === 1 || element.kind !== "float") return { parts };
    return { parts, constants: { RESULT_FRACTION: element.fraction, RESULT_BIAS: element.bias } };
  },
  threads: ({ b, t, g, d, dv }, { packed }) => (b * t * g * (d + dv)) / packed,
  cost: ({ b, t, g, d, dv }, { packed }) => {
    const bytes = (4 + 4 / packed) * b * t * g * (d + dv);
    return { flops: 0, compulsoryBytes: bytes, requestedBytes: bytes };
  },
});

/**
 * Stores new keys and values in a preallocated cache, in place: token i of k and v `[b, t, g, d]` goes to position
 * `start + i`, or to the step's position + i, in the slot that the layout gives. Positions beyond the cache's capacity
 * are not written; with a step, neither are tokens beyond the row's count. A cache of f16 or bf16 has even widths and
 * rounds to nearest, ties to even. A cache with scales stores integers: 8 bits with one scale per token and head, or 4
 * bits with one for each 32 elements of a head, depending on the widths. Throws `ShapeError` for shapes that do not
 * fit.
 */
export function appendKv(
  gpu: Gpu,
  tensors: AppendTensors,
  options: AppendOptions = {},
): { readonly keys: Tensor; readonly values: Tensor } {
  checkCall("appendKv", tensorsOfAppend, tensors, optionsOfAppend, options);
  const problem = checkAppend(tensors, options);
  const { k, v, keys, values, kScale, vScale, step } = tensors;
  if (!kScale && !vScale) return append(gpu, { k, v, keys, values, step }, problem);
  if (!kScale || !vScale) {
    throw new ShapeError(`kv-cache/append: ${kScale ? "vScale" : "kScale"} is missing, expected both or none`);
  }
  return appendQuantised(gpu, { k, v, keys, values, kScale, vScale, step }, problem);
}
