import biases from "#shaders/moe/backward/biases.wgsl";
import gated from "#shaders/moe/backward/gated.wgsl";
import route from "#shaders/moe/backward/route.wgsl";
import routeLanes from "#shaders/moe/backward/route-lanes.wgsl";
import rows from "#shaders/moe/backward/rows.wgsl";
import rowsNaive from "#shaders/moe/backward/rows-naive.wgsl";
import statistics from "#shaders/moe/backward/statistics.wgsl";
import statisticsLanes from "#shaders/moe/backward/statistics-lanes.wgsl";
import weights from "#shaders/moe/backward/weights.wgsl";
import weightsNaive from "#shaders/moe/backward/weights-naive.wgsl";
import { floats, words } from "../dispatch.ts";
import { type FixedDispatch, fixed, type StudyKernel } from "../kernel.ts";

const nothing = 0xffffffff;

/** Three slots of three tokens in two blocks of four rows, of two experts; rows of padding are not written. */
const lists = {
  slots: words(0, 2, nothing, nothing, 1, nothing, nothing, nothing),
  block_experts: words(0, 1),
  grids: words(1, 2, 1, 2, 1, 2, 1, 2),
};
const ends = { slots: lists.slots, counts: words(2, 1), offsets: words(0, 4, 8) };
const products: FixedDispatch = {
  uniforms: { params: { rows: 8, n: 4, k: 8, choices: 1, begin: 0, end: 8 } },
  inputs: { x: floats(12), weight: floats(64), ...lists, z: new Float32Array(64) },
  outputs: {},
  workgroups: [1, 2, 1],
};
const gradients: FixedDispatch = {
  uniforms: { params: { n: 8, m: 12, choices: 1, begin: 0, end: 16 } },
  inputs: { a: floats(64), b: floats(36), ...ends },
  outputs: { dw: 192 },
  workgroups: [2, 1, 2],
};

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(biases, {
    constants: { WORKGROUP: 3 },
    uniforms: { params: { experts: 2, n: 5, choices: 1 } },
    inputs: { x: floats(40), ...ends },
    outputs: { db: 10 },
    workgroups: [4, 1, 1],
  }),
  // Three tokens with a choice each, of which one is no expert's.
  fixed(gated, {
    constants: { CHOICES: 1, LANES: 2, WORKGROUP: 4 },
    uniforms: { params: { slots: 3, f: 3, c: 4 } },
    inputs: {
      positions: words(0, nothing, 4),
      shares: floats(3),
      pairs: floats(48),
      e: floats(24),
    },
    outputs: { dshares: 3 },
    workgroups: [2, 1, 1],
  }),
  fixed(route, {
    constants: { EXPERTS: 4, CHOICES: 2, WORKGROUP: 4 },
    uniforms: { params: { tokens: 5, scale: 1 } },
    inputs: { logits: floats(20), experts: words(0, 1, 2, 3, 1, 0, 3, 2, 0, 3), dweights: floats(10) },
    outputs: { dlogits: 20 },
    workgroups: [2, 1, 1],
  }),
  fixed(routeLanes, {
    constants: { EXPERTS: 4, CHOICES: 2, WORKGROUP: 4, LANES: 2 },
    uniforms: { params: { tokens: 5, scale: 1 } },
    inputs: { logits: floats(20), experts: words(0, 1, 2, 3, 1, 0, 3, 2, 0, 3), dweights: floats(10) },
    outputs: { dlogits: 20 },
    workgroups: [3, 1, 1],
  }),
  fixed(rows, {
    ...products,
    constants: { ROWS: 2, COLUMNS: 4, COLUMN_THREADS: 1, ROW_THREADS: 2 },
    workgroups: [2, 2, 1],
  }),
  fixed(rowsNaive, {
    ...products,
    constants: { BLOCK: 4, WORKGROUP: 4 },
    workgroups: [16, 1, 1],
  }),
  fixed(statistics, {
    constants: { EXPERTS: 4, WORKGROUP: 4 },
    uniforms: { params: { tokens: 5 } },
    inputs: { logits: floats(20), dsums: floats(9) },
    outputs: { dlogits: 20 },
    workgroups: [2, 1, 1],
  }),
  fixed(statisticsLanes, {
    constants: { EXPERTS: 4, WORKGROUP: 4, LANES: 2 },
    uniforms: { params: { tokens: 5 } },
    inputs: { logits: floats(20), dsums: floats(9) },
    outputs: { dlogits: 20 },
    workgroups: [3, 1, 1],
  }),
  fixed(weights, {
    ...gradients,
    constants: { COLUMNS: 4, COLUMN_THREADS: 2, ROW_THREADS: 2 },
  }),
  fixed(weightsNaive, {
    ...gradients,
    constants: { WORKGROUP: 4 },
    workgroups: [48, 1, 1],
  }),
];
