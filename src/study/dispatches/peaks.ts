import copy from "#shaders/peaks/copy.wgsl";
import increment from "#shaders/peaks/increment.wgsl";
import multiplyAdd from "#shaders/peaks/multiply-add.wgsl";
import read from "#shaders/peaks/read.wgsl";
import workgroupMemory from "#shaders/peaks/workgroup-memory.wgsl";
import { fixed, type StudyKernel } from "../kernel.ts";

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(copy, {
    constants: { WORKGROUP: 4, RUN: 2 },
    uniforms: { params: { n: 11 } },
    inputs: { x: Uint32Array.from({ length: 44 }, (_, i) => i + 1) },
    outputs: { y: 44 },
    workgroups: [2, 1, 1],
  }),
  fixed(increment, { uniforms: {}, inputs: { count: new Uint32Array(3) }, outputs: {}, workgroups: [3, 1, 1] }),
  fixed(multiplyAdd, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 7, turns: 8, factor: 1, step: 0.25 } },
    inputs: {},
    outputs: { y: 7 },
    workgroups: [2, 1, 1],
  }),
  fixed(read, {
    constants: { WORKGROUP: 2, LANES: 2, ROWS: 2, ROW: 4 },
    uniforms: { params: { n: 11, threads: 4 } },
    inputs: { x: Uint32Array.from({ length: 44 }, (_, i) => i + 1) },
    outputs: { y: 4 },
    workgroups: [2, 1, 1],
  }),
  fixed(workgroupMemory, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 8, turns: 8 } },
    inputs: {},
    outputs: { y: 32 },
    workgroups: [2, 1, 1],
  }),
];
