import plainSource from "#shaders/kv-cache/append.wgsl";
import quantisedSource from "#shaders/kv-cache/append-quantised.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, integer } from "../../options/checks.ts";
import { plainElement, plainType } from "../../tensor/formats/formats.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { checkCall, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { wordPart, wordTypes } from "../formats/formats.ts";
import {
  type AppendProblem,
  appendBindings,
  appendParts,
  appendUniforms,
  checkAppend,
  viewParams,
} from "./appending.ts";
import { type KvLayout, kvLayoutCheck } from "./layouts.ts";
import { blockWidth, formatOf, type QuantisedFormat } from "./storage.ts";

/** New keys and values, and the cache that stores them. */
export interface AppendTensors {
  /** New keys `[b, t, g, d]`; may be a view whose last axis is contiguous. */
  readonly k: Tensor;
  /** New values `[b, t, g, dv]`; may be such a view. */
  readonly v: Tensor;
  /**
   * The cache's keys, changed in place: f32, f16 or bf16 `[b, g, s, d]`, or u32 `[b, g, s, d / 4]` (int8) or `[b, g, s,
   * d / 8]` (int4).
   */
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

const append = /* @__PURE__ */ defineKernel({
  name: "kv-cache/append",
  source: plainSource,
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

interface QuantisedProblem extends AppendProblem {
  readonly format: QuantisedFormat;
}

const quantisedKernel = /* @__PURE__ */ defineKernel({
  name: "kv-cache/append-quantised",
  source: quantisedSource,
  inputs: { k: "[b, t, g, d]", v: "[b, t, g, dv]", "step?": "[64, 4]" },
  inout: {
    keys: "[rows, g, s, kWords]",
    values: "[rows, g, s, vWords]",
    kScale: "[rows, g, s, kBlocks]",
    vScale: "[rows, g, s, vBlocks]",
  },
  accepts: { step: ["u32"], keys: ["u32"], values: ["u32"] },
  binds: appendBindings,
  strided: ["k", "v"],
  params: ({ b, t, g, s, d, dv, kBlocks, vBlocks }, { start, format }: QuantisedProblem, context) => ({
    size: b * t * g * (kBlocks + vBlocks),
    t,
    g,
    s,
    d,
    width: dv,
    k_block: blockWidth(format, d),
    v_block: blockWidth(format, dv),
    start,
    ...viewParams(context),
  }),
  uniforms: ({ rows }, problem) => appendUniforms(problem, rows),
  specialise: (_axes, problem, { dtypes }) => ({
    parts: appendParts(problem, dtypes),
    constants: { BITS: problem.format.bits },
  }),
  threads: ({ b, t, g, kBlocks, vBlocks }) => b * t * g * (kBlocks + vBlocks),
  cost: ({ b, t, g, d, dv, kBlocks, vBlocks }, { format }) => {
    const heads = b * t * g;
    const written = (4 / format.packed) * heads * (d + dv) + 4 * heads * (kBlocks + vBlocks);
    return {
      flops: 2 * heads * (d + dv),
      compulsoryBytes: 4 * heads * (d + dv) + written,
      requestedBytes: 8 * heads * (d + dv) + written,
    };
  },
});

/** Quantises new keys and values into a cache of integers; {@link appendKv} calls it where there are scales. */
function appendQuantised(
  gpu: Gpu,
  tensors: Readonly<Record<"k" | "v" | "keys" | "values" | "kScale" | "vScale", Tensor>> & {
    readonly step?: Tensor | undefined;
  },
  problem: AppendProblem,
): { readonly keys: Tensor; readonly values: Tensor } {
  const { k, v, keys, values, kScale, vScale, step } = tensors;
  const what = "kv-cache/append";
  const format = formatOf(what, "k", keys, kScale, k.shape[3] ?? 0);
  const other = formatOf(what, "v", values, vScale, v.shape[3] ?? 0);
  if (format.name !== other.name) {
    throw new ShapeError(`${what}: keys are ${format.name}, values ${other.name}, expected the same of both`);
  }
  const blocks = (scale: Tensor) => reshape(scale, [...scale.shape.slice(0, 3), -1]); // int8: one a row
  quantisedKernel(
    gpu,
    { k, v, keys, values, kScale: blocks(kScale), vScale: blocks(vScale), step },
    { ...problem, format },
  );
  return { keys, values };
}
