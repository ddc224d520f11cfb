// Short convolutions: each of the kernels, forwards and backwards.
import inputGradients from "#shaders/short-convolution/input-gradients.wgsl";
import naive from "#shaders/short-convolution/naive.wgsl";
import weightGradients from "#shaders/short-convolution/weight-gradients.wgsl";
import window from "#shaders/short-convolution/window.wgsl";
import { floats } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

// Two rows of five tokens, which are a span and a run that is not whole, and three channels.
const [b, t, channels, width] = [2, 5, 3, 4];
const held = width - 1;
const params = { b, t, channels, width } as const;
const weights = channels * width;
/** Threads of a kernel with one for each input, and of one with one for each channel of a span or a run. */
const [each, few] = [b * (t + held) * channels, b * 2 * channels];

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(naive, {
    constants: { WORKGROUP: 4 },
    uniforms: { params },
    inputs: { x: floats(b * t * channels), weight: floats(weights), state: floats(b * held * channels) },
    outputs: { y: b * t * channels, next: b * held * channels },
    workgroups: [each / 4, 1, 1],
  }),
  fixed(window, {
    constants: { WORKGROUP: 4, SPAN: 3, TAPS: width },
    uniforms: { params },
    inputs: { x: floats(b * t * channels), weight: floats(weights), state: floats(b * held * channels) },
    outputs: { y: b * t * channels, next: b * held * channels },
    workgroups: [few / 4, 1, 1],
  }),
  fixed(inputGradients, {
    constants: { WORKGROUP: 4 },
    uniforms: { params },
    inputs: { dsum: floats(b * t * channels), weight: floats(weights), dnext: floats(b * held * channels) },
    outputs: { dx: b * t * channels, dstate: b * held * channels },
    workgroups: [each / 4, 1, 1],
  }),
  fixed(weightGradients, {
    constants: { WORKGROUP: 4, RUN: 3, TAPS: width },
    uniforms: { params },
    inputs: { x: floats(b * t * channels), dsum: floats(b * t * channels), state: floats(b * held * channels) },
    outputs: { dweights: b * 2 * weights, dbiases: b * 2 * channels },
    workgroups: [few / 4, 1, 1],
  }),
];
