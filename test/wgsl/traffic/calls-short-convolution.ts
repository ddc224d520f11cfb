// Calls of short convolutions: with and without a bias and documents, in sizes of which threads have whole spans.

import { shortConvolutionBackward } from "../../../src/kernels/short-convolution/backward.ts";
import { shortConvolution } from "../../../src/kernels/short-convolution/short-convolution.ts";
import type { CountedCall, Inputs } from "./call.ts";

export function convolutionCalls({ gpu, random, words }: Inputs): Readonly<Record<string, CountedCall>> {
  const found: Record<string, CountedCall> = {};
  const only = "short-convolution/";
  const [b, t, channels, width] = [2, 33, 8, 4];
  for (const all of [false, true]) {
    const title = all ? ", bias and documents" : "";
    const given = () => ({
      x: random([b, t, channels]),
      weight: random([channels, width]),
      state: random([b, width - 1, channels]),
      ...(all ? { bias: random([channels]), documents: words([b, t], ...Array(b * t).fill(3)) } : {}),
    });
    for (const variant of ["naive", "window"] as const) {
      found[`shortConvolution ${variant}${title}`] = {
        only,
        record: () => shortConvolution(gpu, given(), { variant }),
      };
    }
    found[`shortConvolutionBackward${title}`] = {
      only,
      record: () => shortConvolutionBackward(gpu, { ...given(), dy: random([b, t, channels]) }),
    };
  }
  return found;
}
