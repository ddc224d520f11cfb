import blockMapClassify from "#shaders/attention/block-map/classify.wgsl";
import blockMapList from "#shaders/attention/block-map/list.wgsl";
import merge from "#shaders/attention/merge.wgsl";
import splitKJoin from "#shaders/attention/split-k/join.wgsl";
import splitKParts from "#shaders/attention/split-k/parts.wgsl";
import { floats, positive } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";
import { headStrides } from "../strides.ts";

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  fixed(splitKJoin, {
    constants: { VALUE_WIDTH: 8 },
    uniforms: { params: { h: 2, t: 2, splits: 2 } },
    inputs: { accumulators: floats(64), stats: positive(16) },
    outputs: { out: 32 },
    workgroups: [2, 2, 1],
  }),
  // Splits of two turns and one, of two key and value heads; columns of values in two turns.
  fixed(splitKParts, {
    constants: { HEAD_WIDTH: 4, VALUE_WIDTH: 68, WORKGROUP: 16, ROWS: 4, THREAD_KEYS: 4 },
    uniforms: {
      params: { h: 4, g: 2, t: 2, splits: 2, span: 72, start: 73, length: 75, scale: 0.5 },
      views: { q_head: 4, q_token: 16, k_head: 300, k_token: 4, v_head: 5100, v_token: 68 },
    },
    inputs: { q: floats(32), k: floats(600), v: floats(10200) },
    outputs: { accumulators: 1088, stats: 32 },
    workgroups: [2, 1, 2],
  }),
  fixed(blockMapClassify, {
    constants: { WORKGROUP: 4, ROWS: 4, KEYS: 4 },
    uniforms: { params: { maps: 1, t: 10, blocks: 3, tiles: 3, start: 1, length: 11 } },
    inputs: {},
    outputs: { classes: 9 },
    workgroups: [3, 3, 1],
  }),
  // Every tile is listed, so that every entry is written.
  fixed(blockMapList, {
    constants: { WORKGROUP: 2 },
    uniforms: { params: { rows: 4, tiles: 3 } },
    inputs: { classes: Uint32Array.from([1, 2, 1, 2, 2, 2, 1, 1, 1, 2, 1, 2]) },
    outputs: { tileMap: 16 },
    workgroups: [2, 1, 1],
  }),
  // Two sequences of two heads, three tokens each, two vectors a row.
  fixed(merge, {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: { h: 2, t: 3, vectors: 2, size: 24 },
      views: {
        ...headStrides("left", [48, 8, 16]),
        ...headStrides("left_lse", [6, 3, 1]),
        ...headStrides("right", [48, 24, 8]),
        ...headStrides("right_lse", [3, 6, 1]),
      },
    },
    inputs: { left: floats(96), leftLse: floats(12), right: floats(96), rightLse: floats(13) },
    outputs: { out: 96, lse: 12 },
    workgroups: [3, 2, 1],
  }),
];
