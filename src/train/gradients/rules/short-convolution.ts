import { shortConvolutionBackward } from "../../../kernels/short-convolution/backward.ts";
import type { ShortConvolutionOptions, ShortConvolutionTensors } from "../../../kernels/short-convolution/problem.ts";
import { type ShortConvolutionResult, shortConvolution } from "../../../kernels/short-convolution/short-convolution.ts";
import { ruleOf } from "../rule.ts";

/** The inputs' gradients are those of the tokens that see them; those of weight and bias are sums over tokens. */
export const shortConvolutionRule = ruleOf<ShortConvolutionTensors, ShortConvolutionResult, ShortConvolutionOptions>(
  shortConvolution,
  (gpu, { tensors, options, gradient: { y: dy, state: dstate }, needs }) => {
    const wanted = (["x", "weight", "bias", "state"] as const).map((name) => [name, needs.has(name)]);
    const found = shortConvolutionBackward(
      gpu,
      { ...tensors, dy, dstate },
      { ...options, needs: Object.fromEntries(wanted) },
    );
    const { dx: x, dweight: weight, dbias: bias, dstate: state } = found;
    return { x, weight, bias, state };
  },
);
