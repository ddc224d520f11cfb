import inputsSource from "#shaders/short-convolution/input-gradients.wgsl";
import weightsSource from "#shaders/short-convolution/weight-gradients.wgsl";
import type { Gpu } from "../../gpu/gpu.ts";
import { constantsOf } from "../../gpu/shader/specialise.ts";
import { boolean, fieldsOf, object } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { reshape } from "../../tensor/views.ts";
import { checkCall, tensorFields } from "../define/arguments.ts";
import { defineKernel } from "../define/kernel.ts";
import { siluBackward } from "../elementwise/activation-backward.ts";
import { fill } from "../elementwise/fill.ts";
import { asContiguous, contiguous } from "../layout/contiguous.ts";
import { columnSums } from "../reduce/column-sums.ts";
import {
  convolutionChecks,
  convolutionKernel,
  convolutionMemory,
  convolutionSizes,
  documentsPart,
  type ShortConvolutionOptions,
  type ShortConvolutionTensors,
  withDocuments,
} from "./problem.ts";
import { shortConvolution } from "./short-convolution.ts";

/** The tensors of `shortConvolution`, and gradients of its results; absent gradients are zeros. */
export interface ShortConvolutionGradientTensors extends ShortConvolutionTensors {
  /** `[b, t, channels]` */
  readonly dy?: Tensor | undefined;
  /** Of the state that it returns, `[b, width - 1, channels]`. */
  readonly dstate?: Tensor | undefined;
}

/** Which gradients are needed; default all of the tensors given. */
type Needs = { readonly [K in "x" | "weight" | "bias" | "state"]?: boolean };

/** The options of `shortConvolution`, and which gradients are needed. */
export interface ShortConvolutionBackwardOptions extends ShortConvolutionOptions {
  readonly needs?: Needs | undefined;
}

/** Gradients of the tensors of `shortConvolution`, in their shapes; those that are not needed may be absent. */
export interface ShortConvolutionGradients {
  readonly dx?: Tensor;
  readonly dweight?: Tensor;
  readonly dbias?: Tensor;
  /** Of the state that was given. */
  readonly dstate?: Tensor;
}

const inputsKernel = /* @__PURE__ */ defineKernel({
  name: "short-convolution/input-gradients",
  source: inputsSource,
  inputs: {
    dsum: "[b, t, channels]",
    weight: "[channels, width]",
    dnext: "[b, held, channels]",
    "documents?": "[b, t]",
  },
  outputs: { dx: "[b, t, channels]", dstate: "[b, held, channels]" },
  ...convolutionKernel,
  specialise: (_axes, _options: object, { dtypes }) => ({ parts: [documentsPart(dtypes)] }),
  threads: ({ b, t, held, channels }) => b * (t + held) * channels,
  cost: ({ b, t, held, channels, width }, _options, { dtypes }) => {
    const documents = 2 * withDocuments(dtypes);
    return {
      flops: b * channels * (2 * width * t + held),
      requestedBytes: 4 * b * channels * (t * width * (2 + documents) + t + held + held * (1 + documents)),
    };
  },
});

/** The shader's own sizes. */
const usual = /* @__PURE__ */ constantsOf(weightsSource, "RUN");

const weightsKernel = /* @__PURE__ */ defineKernel({
  name: "short-convolution/weight-gradients",
  source: weightsSource,
  inputs: {
    x: "[b, t, channels]",
    dsum: "[b, t, channels]",
    state: "[b, held, channels]",
    "documents?": "[b, t]",
  },
  outputs: { dweights: "[runs, channels, width]", dbiases: "[runs, channels]" },
  axes: ({ b, t, held }) => ({ runs: b * Math.ceil(t / usual.RUN), width: held + 1 }),
  ...convolutionKernel,
  specialise: ({ width }, _options: object, { dtypes }) => ({
    parts: [documentsPart(dtypes)],
    constants: { TAPS: width },
  }),
  threads: ({ runs, channels }) => runs * channels,
  cost: ({ b, t, runs, channels, width }, _options, { dtypes }) => {
    const documents = withDocuments(dtypes);
    return {
      flops: b * t * channels * (2 * width + 1),
      requestedBytes: 4 * channels * (b * t * (2 + documents) + runs * (2 * width + documents * (2 * width - 1))),
    };
  },
});

const tensors = /* @__PURE__ */ tensorFields("x", "weight", "bias?", "state?", "documents?", "dy?", "dstate?");
const fields = /* @__PURE__ */ fieldsOf<ShortConvolutionBackwardOptions>({
  ...convolutionChecks,
  needs: object<Needs>({ x: boolean, weight: boolean, bias: boolean, state: boolean }),
});

/**
 * Gradients of `shortConvolution`: of x, of the weight, and of the bias and the state that are given, from those of its
 * results. Nothing is kept of the forward pass: with SiLU the sums are computed again. Sums over tokens are taken in
 * runs. A call gives the same bits every time.
 *
 * @throws ShapeError for shapes and types that do not fit; OptionError for other options.
 */
export function shortConvolutionBackward(
  gpu: Gpu,
  given: ShortConvolutionGradientTensors,
  options: ShortConvolutionBackwardOptions = {},
): ShortConvolutionGradients {
  checkCall("shortConvolutionBackward", tensors, given, fields, options);
  const heading = { op: "shortConvolutionBackward", variant: "shortConvolutionBackward", options: { ...options } };
  return gpu.group({ ...heading, by: shortConvolutionBackward, tensors: given }, () => ofSums(gpu, given, options));
}

function ofSums(
  gpu: Gpu,
  given: ShortConvolutionGradientTensors,
  { activation, needs = {} }: ShortConvolutionBackwardOptions,
): ShortConvolutionGradients {
  using scope = gpu.scope();
  const { dy, dstate, ...forward } = given;
  const sizes = convolutionSizes("shortConvolutionBackward", given);
  const { b, t, channels, width } = sizes;
  const { x, weight, state, documents: ids } = convolutionMemory(gpu, forward, sizes);
  const documents = ids ? { documents: ids } : {};
  const dnext = dstate ? asContiguous(gpu, dstate) : fill(gpu, [b, width - 1, channels], 0);
  const wanted = (name: keyof Needs) => needs[name] !== false;
  const found: { -readonly [K in keyof ShortConvolutionGradients]: Tensor } = {};

  let dsum = dy ? asContiguous(gpu, dy) : fill(gpu, [b, t, channels], 0);
  if (activation === "silu" && dy && t > 0) {
    const sums = shortConvolution(gpu, forward).y;
    dsum = siluBackward(gpu, { x: sums, dy: dsum }).dx;
  }
  if (t === 0) {
    // The state passes through.
    if (wanted("x")) found.dx = scope.keep(fill(gpu, [b, t, channels], 0));
    if (given.state && wanted("state")) found.dstate = scope.keep(contiguous(gpu, { x: dnext }).y);
  } else if (wanted("x") || (given.state && wanted("state"))) {
    const of = inputsKernel(gpu, { dsum, weight, dnext, ...documents });
    if (wanted("x")) found.dx = scope.keep(of.dx);
    if (given.state && wanted("state")) found.dstate = scope.keep(of.dstate);
  }
  const ofBias = given.bias !== undefined && wanted("bias");
  if (wanted("weight") || ofBias) {
    const { dweights, dbiases } = weightsKernel(gpu, { x, dsum, state, ...documents });
    const total = (of: Tensor, columns: number) =>
      columnSums(gpu, { x: reshape(of, [dbiases.shape[0] ?? 0, columns]) }).y;
    if (wanted("weight")) {
      found.dweight = scope.keep(reshape(total(dweights, channels * width), [channels, width]));
    }
    if (ofBias) found.dbias = scope.keep(total(dbiases, channels));
  }
  return found;
}
