import readOut from "#shaders/linear-attention/read-out.wgsl";
import runningSums from "#shaders/linear-attention/running-sums.wgsl";
import states from "#shaders/linear-attention/states.wgsl";
import { floats } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";
import { headStrides } from "../strides.ts";

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  // Two heads, two queries each, after a whole chunk of four keys and one more.
  fixed(readOut, {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: {
        h: 2,
        g: 1,
        t: 2,
        d: 5,
        dv: 6,
        chunks: 1,
        span: 4,
        start: 4,
        length: 6,
        causal: 1,
        ...headStrides("q", [20, 10, 5]),
        ...headStrides("k", [30, 30, 5]),
        ...headStrides("v", [36, 36, 6]),
      },
    },
    inputs: { q: floats(20), k: floats(30), v: floats(36), states: floats(35) },
    outputs: { out: 24 },
    workgroups: [2, 2, 1],
  }),
  fixed(runningSums, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { chunks: 3, elements: 5, size: 10 } },
    inputs: { states: floats(30) },
    outputs: {},
    workgroups: [2, 2, 1],
  }),
  // Two chunks of three keys, two at a time; five rows and four columns of the state in tiles of two.
  fixed(states, {
    constants: { TILE: 2 },
    uniforms: {
      params: {
        g: 1,
        d: 5,
        width: 4,
        chunks: 2,
        span: 3,
        ...headStrides("k", [30, 30, 5]),
        ...headStrides("v", [18, 18, 3]),
      },
    },
    inputs: { k: floats(30), v: floats(18) },
    outputs: { states: 40 },
    workgroups: [6, 2, 1],
  }),
];
