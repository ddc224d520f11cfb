import positionStep from "#shaders/lib/position/step.wgsl";
import positionGiven from "#shaders/lib/position/tensor.wgsl";
import halves from "#shaders/rope/pairs/halves.wgsl";
import interleaved from "#shaders/rope/pairs/interleaved.wgsl";
import quadHalves from "#shaders/rope/quads/halves.wgsl";
import quadInterleaved from "#shaders/rope/quads/interleaved.wgsl";
import source from "#shaders/rope/rotate.wgsl";
import vectorSource from "#shaders/rope/rotate-vectors.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { ShaderModule } from "../../gpu/shader/shader-module.ts";
import { boolean, fieldsOf, integer, oneOf, required } from "../../options/checks.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { intoOf, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";

/** Which two elements of a head are rotated together: `halves` pairs i with i + pairs, `interleaved` 2i with 2i + 1. */
export type RopeLayout = "halves" | "interleaved";

/** The tensors of RoPE. */
export interface RopeTensors {
  /** Heads `[b, t, h, d]`; may be a view whose last axis is contiguous. */
  readonly x: Tensor;
  /** Cosines and sines `[p, pairs, 2]`, as `ropeTable` makes them; the rotary width 2 · pairs may be less than d. */
  readonly table: Tensor;
  /** Position of each token, u32 `[b, t]`. */
  readonly positions?: Tensor | undefined;
  /** Position of each batch row, u32 `[64, 4]`: positions count up from it. */
  readonly step?: Tensor | undefined;
}

/** How to rotate. */
export interface RopeOptions {
  readonly layout: RopeLayout;
  /** Position of the first token where neither positions nor a step are given; default 0. */
  readonly start?: number;
  /** Rotates back: the inverse, and the gradient, of a rotation; default false. */
  readonly inverse?: boolean;
  readonly into?: { readonly y?: Tensor };
}

/** The rotated heads `[b, t, h, d]`. */
interface RopeResult {
  readonly y: Tensor;
}

const layouts = { halves, interleaved };

/** Checks of a pairing of elements. */
export const ropeLayoutCheck = oneOf(...Object.keys(layouts));

/** A kernel whose threads each have so many pairs, which sizes and strides are multiples of. */
const kernelBy = (width: number, name: string, module: ShaderModule, pairings: Record<RopeLayout, ShaderModule>) =>
  defineKernel({
    name,
    source: module,
    inputs: { x: "[b, t, h, d]", table: "[p, pairs, 2]", "positions?": "[b, t]", "step?": "[64, 4]" },
    outputs: { y: "[b, t, h, d]" },
    accepts: { positions: ["u32"], step: ["u32"] },
    strided: ["x"],
    check: ({ d, p, pairs, t }, { start = 0, counted }: RopeOptions & { readonly counted: boolean }) => {
      if (2 * pairs > d) {
        throw new ShapeError(`rope: table rotates ${2 * pairs} elements of a head, x has ${d} (d)`);
      }
      if (counted && (!Number.isInteger(start) || start < 0 || start + t > p)) {
        throw new ShapeError(`rope: positions ${start} to ${start + t - 1}, expected 0 to ${p - 1}: the rows of table`);
      }
    },
    params: ({ b, t, h, d, pairs }, { start = 0 }, { strides, offsets }) => {
      const [batch = 0, token = 0, head = 0] = (strides["x"] ?? []).map((stride) => Math.floor(stride / width));
      return {
        size: (b * t * h * (d - pairs)) / width,
        t,
        h,
        d: d / width,
        pairs: pairs / width,
        start,
        x_first: (offsets["x"] ?? 0) / width,
        x_batch: batch,
        x_token: token,
        x_head: head,
      };
    },
    specialise: (_axes, { layout, inverse = false }, { dtypes }) => ({
      parts: [
        pairings[layout],
        ...(dtypes["positions"] ? [positionGiven] : []),
        ...(dtypes["step"] ? [positionStep] : []),
      ],
      constants: { BACK: inverse },
    }),
    threads: ({ b, t, h, d, pairs }) => (b * t * h * (d - pairs)) / width,
    cost: ({ b, t, h, d, pairs }) => ({
      flops: 6 * b * t * h * pairs,
      requestedBytes: 4 * b * t * h * (2 * d + 2 * pairs),
    }),
  });

/** Records a rotation, after checking that positions come from one source. */
const recorded =
  (kernel: ReturnType<typeof kernelBy>) =>
  (gpu: Gpu, tensors: RopeTensors, options: RopeOptions): RopeResult => {
    const { x, positions, step } = tensors;
    if (x.strides.length === 4 && (x.shape[3] ?? 1) > 1 && x.strides[3] !== 1) {
      throw new ShapeError(`rope: x has strides [${x.strides.join(", ")}], expected 1 for its last axis`);
    }
    if ([positions, step, options.start].filter((place) => place !== undefined).length > 1) {
      throw new ShapeError("rope: expected one of positions, step and start, given more");
    }
    // Positions that are given, or read on the GPU, need not count up: there may be more tokens than rows.
    return kernel(gpu, tensors, { ...options, counted: !positions && !step });
  };

/** Why heads are not whole vectors; undefined where they are. */
function wantsVectors({ x, table }: RopeTensors): string | undefined {
  const [d = 0, pairs = 0] = [x.shape[3], table.shape[1]];
  if (d % 4 !== 0 || pairs % 4 !== 0) {
    return `it rotates ${pairs} pairs of ${d} elements, expected multiples of 4`;
  }
  const begins = x.strides.every((stride, axis) => axis === 3 || (x.shape[axis] ?? 1) === 1 || stride % 4 === 0);
  return begins && x.offset % 4 === 0 ? undefined : "its heads do not begin at multiples of 4 elements";
}

/** A thread a pair. */
const naive = { record: recorded(kernelBy(1, "rope/rotate", source, layouts)) };

/** A thread four pairs. */
const vectors = {
  accepts: wantsVectors,
  record: recorded(
    kernelBy(4, "rope/rotate-vectors", vectorSource, { halves: quadHalves, interleaved: quadInterleaved }),
  ),
};

const variants = { naive, vectors } as const;

/**
 * Rotary position embedding: pair i of a head at position p is rotated by the angle whose cosine and sine the table
 * holds (Su et al. 2021, section 3.4.2). x `[b, t, h, d]` → y `[b, t, h, d]`; elements beyond the rotary width pass
 * through. Positions are `start + t`, or `positions[b, t]`, or count up from the step's. Throws `ShapeError` for a
 * table wider than a head and for a start beyond the table; a position read on the GPU must be a row of the table.
 */
export const rope = /* @__PURE__ */ defineOp<RopeTensors, RopeOptions, RopeResult, typeof variants>(
  { name: "rope", variants, order: () => ["vectors", "naive"] },
  {
    tensors: tensorFields("x", "table", "positions?", "step?"),
    options: fieldsOf<RopeOptions>({
      layout: required(ropeLayoutCheck),
      start: integer(0, 2 ** 30),
      inverse: boolean,
      into: intoOf("y"),
    }),
  },
);
