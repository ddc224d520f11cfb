import halvesSource from "#shaders/rope/halves.wgsl";
import interleavedSource from "#shaders/rope/interleaved.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { ShapeError } from "../../tensor/shape.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { defineKernel, type KernelContext } from "../kernel.ts";

/** How rotary positions are applied. */
export interface RopeOptions {
  /** Which elements pair up: i with i + r/2 (Llama checkpoints), or 2i with 2i + 1 (GPT-J). */
  readonly layout: "halves" | "interleaved";
  /** Position of each batch row's first token, when neither `positions` nor `step` says it; default 0. */
  readonly start?: number;
  readonly into?: { readonly y?: Tensor };
}

const positionPart = ({ dtypes }: KernelContext) =>
  dtypes["positions"] ? "lib/position/given" : dtypes["step"] ? "lib/position/step" : "lib/position/start";

const define = (name: string, source: string) =>
  defineKernel({
    name,
    source,
    inputs: { x: "[b, t, h, d]", table: "[p, pairs, 2]", "positions?": "[b, t]", "step?": "[64, 4]" },
    outputs: { y: "[b, t, h, d]" },
    accepts: { positions: ["u32"], step: ["u32"] },
    check: ({ d, pairs }) => {
      if (2 * pairs > d)
        throw new ShapeError(`${name}: the table turns ${2 * pairs} elements of a head, which has ${d}`);
    },
    specialise: (_axes, _options, context) => ({ parts: [positionPart(context)] }),
    params: ({ t, h, d, p, pairs }, { start = 0 }: { readonly start?: number }) => ({
      t,
      h,
      d,
      pairs,
      positions: p,
      start,
    }),
    workgroups: ({ b, t, h, d }) => [Math.ceil((h * Math.ceil(d / 2)) / 64), t, b],
    cost: ({ b, t, h, d, pairs }) => ({
      flops: 6 * b * t * h * pairs,
      requestedBytes: 8 * b * t * h * (d + pairs),
    }),
  });

/** The kernels by layout. */
export const ropeKernels = {
  halves: define("rope/halves", halvesSource),
  interleaved: define("rope/interleaved", interleavedSource),
} as const;

/**
 * Rotary position embedding (Su et al. 2021, section 3.2.2): turns pairs of each head's elements by angles that grow
 * with the position. `x` is `[b, t, h, d]`; `table` `[positions, pairs, 2]` holds cosines and sines (`ropeTable`), and
 * elements beyond 2 · pairs pass through. Positions are `positions` `[b, t]`, or the step's, or count from `start`; past
 * the table's end the last entry is used.
 */
export function rope(
  gpu: Gpu,
  tensors: {
    readonly x: Tensor;
    readonly table: Tensor;
    readonly positions?: Tensor | undefined;
    readonly step?: Tensor | undefined;
  },
  { layout, ...rest }: RopeOptions,
): { readonly y: Tensor } {
  return ropeKernels[layout](gpu, tensors, rest);
}
