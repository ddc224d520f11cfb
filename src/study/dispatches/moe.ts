import alignCount from "#shaders/moe/align/count.wgsl";
import alignNaive from "#shaders/moe/align/naive.wgsl";
import alignPlace from "#shaders/moe/align/place.wgsl";
import alignScan from "#shaders/moe/align/scan.wgsl";
import balanceBias from "#shaders/moe/balance/bias.wgsl";
import balanceStatistics from "#shaders/moe/balance/statistics.wgsl";
import balanceStatisticsShares from "#shaders/moe/balance/statistics-shares.wgsl";
import choose from "#shaders/moe/choose.wgsl";
import combine from "#shaders/moe/combine.wgsl";
import gather from "#shaders/moe/gather.wgsl";
import route from "#shaders/moe/route.wgsl";
import spread from "#shaders/moe/spread.wgsl";
import { floats, words } from "../dispatch.ts";
import { type FixedDispatch, fixed, type StudyKernel } from "../kernel.ts";

const nothing = 0xffffffff;

// Five tokens with two choices each of four experts, of which the second has none, in blocks of four.
const choices = words(2, 0, 0, 3, 2, 0, 0, 2, 3, 2);
const sorting = { slots: 10, capacity: 10, gate_up_across: 1, down_across: 1 };

/** Six tokens in two chunks, two choices each of four experts. */
const statistics: FixedDispatch = {
  constants: { EXPERTS: 4, CHOICES: 2, WORKGROUP: 4 },
  uniforms: { params: { tokens: 6 } },
  inputs: { logits: floats(24), experts: words(0, 1, 2, 3, 1, 0, 3, 2, 0, 3, 2, 1) },
  outputs: { sums: 18 },
  workgroups: [2, 1, 1],
};

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(alignCount, {
    constants: { EXPERTS: 4, CHUNK: 4 },
    uniforms: { params: { slots: 10 } },
    inputs: { experts: choices },
    outputs: { chunk_counts: 12 },
    workgroups: [3, 1, 1],
  }),
  fixed(alignNaive, {
    constants: { EXPERTS: 4, BLOCK: 4, WORKGROUP: 3 },
    uniforms: { params: sorting },
    inputs: { experts: choices },
    outputs: { counts: 4, offsets: 5, slots: 12, block_experts: 3, grids: 8, positions: 10 },
    workgroups: [1, 1, 1],
    alone: true,
  }),
  fixed(alignPlace, {
    constants: { EXPERTS: 4, CHUNK: 4 },
    uniforms: { params: sorting },
    inputs: {
      experts: choices,
      chunk_counts: words(0, 0, 0, 0, 2, 0, 1, 1, 4, 0, 3, 1),
      offsets: words(0, 4, 4, 8, 12),
      slots: new Uint32Array(12),
    },
    outputs: { positions: 10 },
    workgroups: [3, 1, 1],
  }),
  // What is not padding, place writes.
  fixed(alignScan, {
    constants: { EXPERTS: 4, BLOCK: 4, WORKGROUP: 3, CHUNK: 4 },
    uniforms: { params: sorting },
    inputs: { chunk_counts: words(2, 0, 1, 1, 2, 0, 2, 0, 0, 0, 1, 1), slots: new Uint32Array(12) },
    outputs: { counts: 4, offsets: 5, block_experts: 3, grids: 8 },
    workgroups: [1, 1, 1],
    alone: true,
  }),
  fixed(balanceBias, {
    constants: { EXPERTS: 5, WORKGROUP: 3 },
    uniforms: { params: { rate: 0.5 } },
    inputs: { sums: floats(11), bias: floats(5) },
    outputs: {},
    workgroups: [1, 1, 1],
    alone: true,
  }),
  fixed(choose, {
    constants: { EXPERTS: 2, WORKGROUP: 4 },
    uniforms: { params: { tokens: 5, capacity: 2 } },
    inputs: { scores: floats(10) },
    outputs: { experts: 10, weights: 10 },
    workgroups: [3, 1, 1],
  }),
  fixed(combine, {
    constants: { CHOICES: 2, WORKGROUP: 3 },
    uniforms: { params: { tokens: 2, vectors: 2 } },
    inputs: { z: floats(24), positions: words(0, 2, nothing, 1), weights: floats(4) },
    outputs: { y: 16 },
    workgroups: [2, 1, 1],
  }),
  fixed(gather, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 3, vectors: 2, first: 1, choices: 2 } },
    inputs: { x: floats(16), slots: words(3, 0, 2, 1) },
    outputs: { y: 24 },
    workgroups: [2, 1, 1],
  }),
  fixed(route, {
    constants: { EXPERTS: 4, CHOICES: 2, WORKGROUP: 4 },
    uniforms: { params: { tokens: 5, scale: 1 } },
    inputs: { logits: floats(20) },
    outputs: { experts: 10, weights: 10 },
    workgroups: [2, 1, 1],
  }),
  fixed(spread, {
    constants: { EXPERTS: 4, CHOICES: 2, WORKGROUP: 4 },
    uniforms: { params: { tokens: 3 } },
    inputs: { experts: words(0, 2, 1, 3, 3, 0), weights: floats(6) },
    outputs: { all_weights: 12, all_experts: 12 },
    workgroups: [3, 1, 1],
  }),
  fixed(balanceStatistics, statistics),
  fixed(balanceStatisticsShares, statistics),
];
