import adamw from "#shaders/optimizer/adamw.wgsl";
import descend from "#shaders/optimizer/descend.wgsl";
import lion from "#shaders/optimizer/lion.wgsl";
import momentum from "#shaders/optimizer/momentum.wgsl";
import norm from "#shaders/optimizer/norm.wgsl";
import squares from "#shaders/optimizer/squares.wgsl";
import { floats, positive } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(adamw, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, kept1: 0.9, new1: 0.1, kept2: 0.95, new2: 0.05, eps: 1e-8, decay: 0.1 } },
    inputs: {
      gradient: floats(24),
      scalars: positive(3),
      parameter: floats(24),
      first: floats(24),
      second: positive(24),
    },
    outputs: {},
    workgroups: [2, 1, 1],
  }),
  fixed(momentum, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, kept: 0.9, new_: 1, ahead: 1, held: 0.9, decay: 0.1 } },
    inputs: { gradient: floats(24), parameter: floats(24), velocity: floats(24) },
    outputs: { update: 24 },
    workgroups: [2, 1, 1],
  }),
  fixed(descend, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, decay: 0.1, scale: 1.5 } },
    inputs: { update: floats(24), scalars: floats(1), parameter: floats(24) },
    outputs: {},
    workgroups: [2, 1, 1],
  }),
  fixed(lion, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, kept1: 0.9, new1: 0.1, kept2: 0.99, new2: 0.01, decay: 0.1 } },
    inputs: { gradient: floats(24), scalars: floats(1), parameter: floats(24), first: floats(24) },
    outputs: {},
    workgroups: [2, 1, 1],
  }),
  fixed(squares, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, threads: 5, first: 2 } },
    inputs: { x: floats(44), sums: floats(8) },
    outputs: {},
    workgroups: [2, 1, 1],
  }),
  fixed(norm, {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { n: 7, most: 1 } },
    inputs: { squares: positive(7), skipped: floats(1) },
    outputs: { clip: 2 },
    workgroups: [1, 1, 1],
    alone: true,
  }),
];
