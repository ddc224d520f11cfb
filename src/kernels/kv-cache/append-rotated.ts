import source from "#shaders/kv-cache/append-rotated.wgsl";
import halves from "#shaders/rope/pairs/halves.wgsl";
import interleaved from "#shaders/rope/pairs/interleaved.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { fieldsOf, integer, required } from "../../options/checks.ts";
import { plainElement, plainType } from "../../tensor/formats/formats.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { wordPart, wordTypes } from "../formats/formats.ts";
import { type RopeLayout, rope, ropeLayoutCheck } from "../rope/rope.ts";
import { tuning } from "../tuning.ts";
import { type AppendTensors, appendKv } from "./append.ts";
import {
  type AppendProblem,
  appendBindings,
  appendParts,
  appendUniforms,
  checkAppend,
  viewParams,
} from "./appending.ts";
import { type KvLayout, kvLayoutCheck } from "./layouts.ts";

/** New queries, keys and values before rotation, and the cache. */
export interface RotatedAppendTensors extends AppendTensors {
  /** Queries `[b, t, h, d]`; may be a view whose last axis is contiguous. */
  readonly q: Tensor;
  /** Cosines and sines `[p, pairs, 2]`, as `ropeTable` makes them. */
  readonly table: Tensor;
}

/** How to rotate, and where to store. */
export interface RotatedAppendOptions {
  /** Pairing of rotated elements. */
  readonly pairing: RopeLayout;
  /** Position of the first token where no step is given; default 0. */
  readonly start?: number;
  /** Layout of the cache; default contiguous. */
  readonly layout?: KvLayout;
}

/** The rotated queries `[b, t, h, d]`; the rotated keys where they were computed separately. */
export interface RotatedAppendResult {
  readonly q: Tensor;
  readonly k?: Tensor;
}

interface Problem extends AppendProblem {
  readonly pairing: RopeLayout;
}

const pairings = { halves, interleaved } as const;

const kernel = defineKernel({
  name: "kv-cache/append-rotated",
  source,
  inputs: { q: "[b, t, h, d]", k: "[b, t, g, d]", v: "[b, t, g, dv]", table: "[p, pairs, 2]", "step?": "[64, 4]" },
  inout: { keys: "[rows, g, s, d]", values: "[rows, g, s, dv]" },
  outputs: { rotated: "[b, t, h, d]" },
  accepts: { step: ["u32"], keys: wordTypes, values: wordTypes },
  binds: appendBindings,
  strided: ["q", "k", "v"],
  check: ({ d, p, pairs, t }, { start }: Problem) => {
    if (2 * pairs > d) throw new ShapeError(`rope: table rotates ${2 * pairs} elements of a head, k has ${d} (d)`);
    if (start + t > p) {
      throw new ShapeError(`rope: positions ${start} to ${start + t - 1}, expected 0 to ${p - 1}: the rows of table`);
    }
  },
  params: ({ b, t, h, g, s, d, dv, pairs }, { start, packed }, context) => {
    const [batch = 0, token = 0, head = 0] = context.strides["q"] ?? [];
    return {
      size: b * t * (h * d + (g * (d + dv)) / packed),
      t,
      h,
      g,
      s,
      d,
      width: dv,
      pairs,
      start,
      q_first: context.offsets["q"] ?? 0,
      q_batch: batch,
      q_token: token,
      q_head: head,
      ...viewParams(context),
    };
  },
  uniforms: ({ rows }, problem) => appendUniforms(problem, rows),
  specialise: (_axes, problem, { dtypes }) => {
    const { keys = "f32" } = dtypes;
    const parts = [pairings[problem.pairing], ...appendParts(problem, dtypes), wordPart(keys)];
    const element = plainElement(plainType(keys, "kv-cache/append: keys"));
    if (problem.packed === 1 || element.kind !== "float") return { parts };
    return { parts, constants: { RESULT_FRACTION: element.fraction, RESULT_BIAS: element.bias } };
  },
  threads: ({ b, t, h, g, d, dv }, { packed }) => b * t * (h * d + (g * (d + dv)) / packed),
  cost: ({ b, t, h, g, d, dv, pairs }, { packed }) => {
    const rotated = b * t * (h + g) * 2 * pairs; // elements
    const moved = b * t * (h * d + g * (d + dv));
    return {
      flops: 3 * rotated,
      executedFlops: 6 * rotated, // both elements of a pair
      compulsoryBytes: 8 * b * t * h * d + (4 + 4 / packed) * b * t * g * (d + dv) + 8 * b * t * pairs,
      requestedBytes: 4 * moved + 12 * rotated + 4 * b * t * (h * d + (g * (d + dv)) / packed),
    };
  },
});

/** One kernel, for caches of floats. */
const fused = {
  accepts: ({ kScale, vScale }: RotatedAppendTensors): string | undefined =>
    kScale || vScale ? "the cache has scales, expected one of floats" : undefined,
  record: (gpu: Gpu, tensors: RotatedAppendTensors, options: RotatedAppendOptions): RotatedAppendResult => {
    const { q, k, v, table, keys, values, step } = tensors;
    const { pairing, ...placed } = options;
    const problem = { ...checkAppend(tensors, placed), pairing };
    checkLastAxis(q);
    return { q: kernel(gpu, { q, k, v, table, keys, values, step }, problem).rotated };
  },
};

function checkLastAxis({ strides, shape }: Tensor): void {
  if (strides.length === 4 && (shape[3] ?? 1) > 1 && strides[3] !== 1) {
    throw new ShapeError(`rope: q has strides [${strides.join(", ")}], expected 1 for its last axis`);
  }
}

/** The ops that it is made of, one after the other. */
const chain = {
  record: (gpu: Gpu, tensors: RotatedAppendTensors, options: RotatedAppendOptions): RotatedAppendResult => {
    const { q, k, table, step, ...rest } = tensors;
    const { pairing, start, layout } = options;
    const at = step ? { step } : {};
    const rotation = { layout: pairing, ...(start === undefined ? {} : { start }) };
    const rotated = {
      q: rope(gpu, { x: q, table, ...at }, rotation).y,
      k: rope(gpu, { x: k, table, ...at }, rotation).y,
    };
    const placed = { ...(start === undefined ? {} : { start }), ...(layout === undefined ? {} : { layout }) };
    appendKv(gpu, { ...rest, k: rotated.k, ...at }, placed);
    return rotated;
  },
};

const variants = { fused, chain } as const;

/**
 * Rotates queries and keys by their positions (`rope`) and stores the keys with their values in the cache (`appendKv`),
 * in place.
 */
export const appendRotated = defineOp<RotatedAppendTensors, RotatedAppendOptions, RotatedAppendResult, typeof variants>(
  { name: "appendRotated", variants, order: (_tensors, _options, gpu) => tuning(gpu).appendRotated },
  {
    tensors: tensorFields("q", "k", "v", "table", "keys", "values", "kScale?", "vScale?", "step?"),
    options: fieldsOf<RotatedAppendOptions>({
      pairing: required(ropeLayoutCheck),
      start: integer(0, 2 ** 30),
      layout: kvLayoutCheck,
    }),
  },
);
