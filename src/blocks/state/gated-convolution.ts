import type { Gpu } from "../../gpu/gpu.ts";
import { checkCall, optionalTensor, tensorCheck } from "../../kernels/define/arguments.ts";
import { mul } from "../../kernels/elementwise/elementwise.ts";
import { fieldsOf, object, required } from "../../options/checks.ts";
import type { Tensor } from "../../tensor/tensor.ts";
import { type Linear, linear, projectionCheck } from "../linear.ts";
import { convolve, cut, type Given, givenChecks, type StateLayerResult } from "./parts.ts";

/** The weights of a gated short convolution. */
export interface GatedConvolutionWeights {
  /** To B, C and x, in this order: `[3 · c, c]`. */
  readonly in: Linear;
  /** `[c, width]` */
  readonly convolution: Tensor;
  /** `[c]` */
  readonly convolutionBias?: Tensor | undefined;
  /** `[c, c]` */
  readonly out: Linear;
}

const convolutionTensors = fieldsOf<Given<GatedConvolutionWeights>>({
  ...givenChecks,
  weights: required(
    object<GatedConvolutionWeights>({
      in: projectionCheck,
      convolution: tensorCheck,
      convolutionBias: optionalTensor,
      out: projectionCheck,
    }),
  ),
});
const none = fieldsOf<Readonly<Record<never, never>>>({});

/**
 * A short convolution between two gates, as LFM2 has it in most layers: `out(C · convolution(B · x))`. x `[b, t, c]` →
 * y `[b, t, c]`, and the state after the last token, which is the convolution's alone.
 *
 * @throws ShapeError for a weight that does not fit.
 */
export function gatedConvolution(gpu: Gpu, given: Given<GatedConvolutionWeights>): StateLayerResult {
  checkCall("gatedConvolution", convolutionTensors, given, none, {});
  const { x, weights } = given;
  const c = weights.convolution.shape[0] ?? 0;
  const [b, gate, values] = cut(gpu, linear(gpu, x, weights.in), [c, c, c]) as [Tensor, Tensor, Tensor];
  const bias = weights.convolutionBias;
  const convolved = convolve(gpu, given, {
    x: mul(gpu, { a: b, b: values }).y,
    weight: weights.convolution,
    ...(bias ? { bias } : {}),
  });
  const gated = mul(gpu, { a: gate, b: convolved.y }).y;
  return { y: linear(gpu, gated, weights.out), state: { convolution: convolved.state } };
}
