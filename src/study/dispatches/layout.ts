import copy from "#shaders/layout/copy.wgsl";
import copyVectors from "#shaders/layout/copy-vectors.wgsl";
import { words } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";
import { strides } from "../strides.ts";

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(copy, {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: { rows: 3, run: 5, pitch: 6, begin: 0, words: 5, d1: 1, d2: 3, d3: 5, ...strides("x", [1, 1, 3, 5]) },
    },
    inputs: { x: words(...Array.from({ length: 15 }, (_, i) => i + 1)), y: new Uint32Array(18) },
    outputs: {},
    workgroups: [4, 1, 1],
  }),
  // Three runs of two vectors, three apart.
  fixed(copyVectors, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, run: 2, pitch: 3, begin: 1, d1: 1, d2: 3, d3: 2, ...strides("x", [1, 1, 3, 2]) } },
    inputs: { x: words(...Array.from({ length: 24 }, (_, i) => i + 1)), y: new Uint32Array(36) },
    outputs: {},
    workgroups: [2, 1, 1],
  }),
];
