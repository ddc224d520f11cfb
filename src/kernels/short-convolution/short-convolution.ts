import activationNone from "#shaders/lib/activation/none.wgsl";
import activationSilu from "#shaders/lib/activation/silu.wgsl";
import biasNone from "#shaders/lib/bias/none.wgsl";
import biasVector from "#shaders/lib/bias/vector.wgsl";
import naiveSource from "#shaders/short-convolution/naive.wgsl";
import windowSource from "#shaders/short-convolution/window.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { empty, type Tensor } from "../../tensor/tensor.ts";
import { tensorFields } from "../define/arguments.ts";
import { defineKernel, type KernelContext } from "../define/kernel.ts";
import { defineOp } from "../define/op.ts";
import { asContiguous, contiguous } from "../layout/contiguous.ts";
import {
  convolutionFields,
  convolutionKernel,
  convolutionMemory,
  convolutionSizes,
  documentsPart,
  type ShortConvolutionOptions,
  type ShortConvolutionTensors,
  withDocuments,
} from "./problem.ts";

/** The results of a short convolution. */
export interface ShortConvolutionResult {
  /** `[b, t, channels]` */
  readonly y: Tensor;
  /**
   * The last inputs, which a call for the next tokens goes on from: `[b, width - 1, channels]`; after documents, those
   * of the last token's, the others zeros.
   */
  readonly state: Tensor;
}

const parts = ({ activation }: ShortConvolutionOptions, { dtypes }: KernelContext) => [
  documentsPart(dtypes),
  activation === "silu" ? activationSilu : activationNone,
  "bias" in dtypes ? biasVector : biasNone,
];

const tensors = {
  inputs: {
    x: "[b, t, channels]",
    weight: "[channels, width]",
    "bias?": "[channels]",
    state: "[b, held, channels]",
    "documents?": "[b, t]",
  },
  outputs: { y: "[b, t, channels]", next: "[b, held, channels]" },
} as const;

/** Operations for an element of y. */
const flopsOf = (width: number, { activation }: ShortConvolutionOptions) => 2 * width + (activation === "silu" ? 4 : 0);

const naiveKernel = /* @__PURE__ */ defineKernel({
  name: "short-convolution/naive",
  source: naiveSource,
  ...tensors,
  ...convolutionKernel,
  specialise: (_axes, options: ShortConvolutionOptions, context) => ({ parts: parts(options, context) }),
  threads: ({ b, t, held, channels }) => b * (t + held) * channels,
  cost: ({ b, t, held, channels, width }, options, { dtypes }) => {
    const input = 1 + 2 * withDocuments(dtypes);
    const bias = "bias" in dtypes ? 1 : 0;
    return {
      flops: b * t * channels * flopsOf(width, options),
      requestedBytes: 4 * b * channels * (t * (width * (1 + input) + bias + 1) + held * (input + 1)),
    };
  },
});

/** The shader's own sizes. */
const usual = /* @__PURE__ */ constantsOf(windowSource, "SPAN");

const windowKernel = /* @__PURE__ */ defineKernel({
  name: "short-convolution/window",
  source: windowSource,
  ...tensors,
  ...convolutionKernel,
  specialise: ({ width }, options: ShortConvolutionOptions, context) => ({
    parts: parts(options, context),
    constants: { TAPS: width },
  }),
  threads: ({ b, t, channels }) => b * Math.ceil(t / usual.SPAN) * channels,
  cost: ({ b, t, held, channels, width }, options, { dtypes }) => {
    const documents = withDocuments(dtypes);
    const each = 2 * width - 1 + documents * (2 * width - 1) + ("bias" in dtypes ? 1 : 0);
    return {
      flops: b * t * channels * flopsOf(width, options),
      requestedBytes: 4 * b * channels * (Math.ceil(t / usual.SPAN) * each + t * (2 + documents) + held),
    };
  },
});

/** A variant of one kernel. */
const by = (kernel: typeof naiveKernel | typeof windowKernel) => ({
  record: (gpu: Gpu, all: ShortConvolutionTensors, options: ShortConvolutionOptions): ShortConvolutionResult => {
    using scope = gpu.scope();
    const sizes = convolutionSizes("shortConvolution", all);
    const memory = convolutionMemory(gpu, all, sizes);
    if (sizes.t === 0) {
      const y = empty(gpu, [sizes.b, 0, sizes.channels], "f32", "shortConvolution y");
      return { y: scope.keep(y), state: scope.keep(contiguous(gpu, { x: memory.state }).y) };
    }
    const { y, next } = kernel(gpu, { ...memory, ...(all.bias ? { bias: asContiguous(gpu, all.bias) } : {}) }, options);
    return { y: scope.keep(y), state: scope.keep(next) };
  },
});

const variants = { naive: /* @__PURE__ */ by(naiveKernel), window: /* @__PURE__ */ by(windowKernel) } as const;

/**
 * A causal convolution of each channel over its last `width` inputs (depthwise): `y[t] = activation(bias +
 * Σ weight[j] · input[t − width + 1 + j])`, as models have it before a delta rule or a state space (width 4, SiLU: Gu and
 * Dao 2023, Yang et al. 2024), or as the layer itself (width 3 in LFM2). x `[b, t, channels]`, weight `[channels, width]`
 * → y `[b, t, channels]` and state `[b, width − 1, channels]`: a sequence may be split into calls anywhere, each with the
 * state of the one before, and gives the same bits. `naive` has a thread for each element, in `window` a thread has the
 * weights of a channel and the inputs that they meet in registers.
 *
 * @throws ShapeError for shapes and types that do not fit; OptionError for other options.
 */
export const shortConvolution = /* @__PURE__ */ defineOp<
  ShortConvolutionTensors,
  ShortConvolutionOptions,
  ShortConvolutionResult,
  typeof variants
>(
  // On llvmpipe `window` takes 0.2 of the time for 1024 tokens of 1024 channels, and 0.4 for one token of 2048.
  { name: "shortConvolution", variants, order: () => ["window", "naive"] },
  { tensors: tensorFields("x", "weight", "bias?", "state?", "documents?"), options: convolutionFields },
);
