// The GRU that is reset before the product: what it needs next to the steps of other cells.
import resetSource from "#shaders/recurrent/reset.wgsl";
import backwardSource from "#shaders/recurrent/reset-backward.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape, slice } from "../../tensor/views.ts";
import { defineKernel } from "../define/kernel.ts";
import { contiguous } from "../layout/contiguous.ts";
import { matmul } from "../matmul/matmul.ts";
import { lengthsPart, type RecurrentTensors, reverseOf, type StepOptions, withLengths } from "./problem.ts";

const shared = {
  accepts: { lengths: ["u32"] },
  params: ({ b, t, h }: Readonly<Record<"b" | "t" | "h", number>>, options: StepOptions) => ({
    b,
    t,
    h,
    step: options.step,
    reverse: reverseOf(options),
  }),
  threads: ({ b, h }: Readonly<Record<"b" | "h", number>>) => b * h,
} as const;

const resetKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/reset",
  source: resetSource,
  inputs: { a: "[b, t, columns]", m: "[b, products]", state: "[b, h]", "lengths?": "[b]" },
  outputs: { y: "[b, h]" },
  ...shared,
  specialise: (_axes, _options, context) => ({ parts: [lengthsPart(context)] }),
  cost: ({ b, h }, _options, { dtypes }) => ({
    flops: 6 * b * h,
    requestedBytes: 4 * b * h * (4 + withLengths(dtypes)),
  }),
});

/** The gradient of r and what goes straight to the state before, from that of r · state. */
export const resetBackwardKernel = /* @__PURE__ */ defineKernel({
  name: "recurrent/reset-backward",
  source: backwardSource,
  inputs: { gates: "[b, t, columns]", previous: "[b, t, h]", s: "[b, h]", "lengths?": "[b]" },
  inout: { dstate: "[b, h]", dgates: "[b, t, columns]", slopes: "[b, columns]" },
  ...shared,
  specialise: (_axes, _options, context) => ({ parts: [lengthsPart(context)] }),
  cost: ({ b, h }, _options, { dtypes }) => ({
    flops: 11 * b * h,
    requestedBytes: 4 * b * h * (7 + withLengths(dtypes)),
  }),
});

/** The weights of the state in two parts, of r and z and of n, each in memory that products may read. */
export interface SplitWeights {
  readonly both: { readonly weight: Tensor; readonly bias?: Tensor };
  readonly next: { readonly weight: Tensor; readonly bias?: Tensor };
}

/** The two parts of the weights. */
export function splitWeights(gpu: Gpu, { weightHh, biasHh }: RecurrentTensors): SplitWeights {
  const [rows = 0, h = 0] = weightHh.shape;
  const part = (of: Tensor, begin: number, end: number) => contiguous(gpu, { x: slice(of, 0, begin, end) }).y;
  return {
    both: {
      weight: slice(weightHh, 0, 0, 2 * h),
      ...(biasHh ? { bias: slice(biasHh, 0, 0, 2 * h) } : {}),
    },
    next: {
      weight: part(weightHh, 2 * h, rows),
      ...(biasHh ? { bias: part(biasHh, 2 * h, rows) } : {}),
    },
  };
}

/** The products of one step: of r and z with the state, and of n with r · state. */
export function resetProducts(
  gpu: Gpu,
  weights: SplitWeights,
  { a, state, lengths }: { readonly a: Tensor; readonly state: Tensor; readonly lengths?: Tensor },
  options: StepOptions,
): { readonly m: Tensor; readonly reset: Tensor; readonly product: Tensor } {
  const m = matmul(gpu, { x: state, ...weights.both }).y;
  const { y: reset } = resetKernel(gpu, { a, m, state, ...(lengths ? { lengths } : {}) }, options);
  return { m, reset, product: matmul(gpu, { x: reset, ...weights.next }).y };
}

/** The same of all tokens at once, where the state before each is known: each is a row of one token. */
export function resetProductsOfAll(
  gpu: Gpu,
  weights: SplitWeights,
  { a, previous }: { readonly a: Tensor; readonly previous: Tensor },
) {
  const [b = 0, t = 0, h = 0] = previous.shape;
  const rows = { a: reshape(a, [b * t, 1, 3 * h]), state: reshape(previous, [b * t, h]) };
  return resetProducts(gpu, weights, rows, { cell: "gru", step: 0 });
}
