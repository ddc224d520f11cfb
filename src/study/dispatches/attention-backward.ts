import diagonals from "#shaders/attention/backward/diagonals.wgsl";
import elementsRows from "#shaders/attention/backward/elements/rows.wgsl";
import elements from "#shaders/attention/backward/elements.wgsl";
import flashDiagonals from "#shaders/attention/backward/flash-diagonals.wgsl";
import flashKv from "#shaders/attention/backward/flash-kv.wgsl";
import flashQ from "#shaders/attention/backward/flash-q.wgsl";
import rowsBias from "#shaders/attention/backward/rows-bias.wgsl";
import rowsKv from "#shaders/attention/backward/rows-kv.wgsl";
import rowsQ from "#shaders/attention/backward/rows-q.wgsl";
import scores from "#shaders/attention/backward/scores.wgsl";
import sink from "#shaders/attention/backward/sink.wgsl";
import stats from "#shaders/attention/backward/stats.wgsl";
import table from "#shaders/attention/backward/table.wgsl";
import weights from "#shaders/attention/backward/weights.wgsl";
import { floats, positive } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

/** Two query heads of one key and value head, six queries of seven keys: two turns of four threads each. */
const pairs = {
  uniforms: {
    params: {
      h: 2,
      g: 1,
      t: 6,
      d: 8,
      dv: 8,
      start: 1,
      length: 7,
      scale: 0.5,
      dout_first: 0,
      dout_batch: 96,
      dout_head: 48,
      dout_token: 8,
    },
    views: { q_head: 48, q_token: 8, k_token: 8, v_token: 8 },
  },
  inputs: { q: floats(96), k: floats(56), v: floats(56), dout: floats(96), stats: floats(24) },
} as const;

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  // Two batch rows of two heads, three queries and rows of five numbers.
  fixed(stats, {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: {
        rows: 12,
        h: 2,
        t: 3,
        dv: 5,
        out_first: 0,
        out_batch: 30,
        out_head: 5,
        out_token: 10,
        dout_first: 0,
        dout_batch: 30,
        dout_head: 15,
        dout_token: 5,
      },
    },
    inputs: { out: floats(60), dout: floats(60), lse: floats(12) },
    outputs: { stats: 24 },
    workgroups: [3, 1, 1],
  }),
  // Blocks of 4 queries and tiles of 4 keys, the last of each short; sums go to memory after each tile.
  fixed(flashKv, {
    ...pairs,
    constants: { HEAD_WIDTH: 8, VALUE_WIDTH: 8, ROWS: 8, KEYS: 4, RUN: 1, DEPTH: 4, THREAD_ROWS: 4, COLUMN_THREADS: 2 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, s: 7, dv_first: 56 } },
    outputs: { dkv: 112 },
    workgroups: [2, 1, 1],
  }),
  fixed(flashQ, {
    ...pairs,
    constants: { HEAD_WIDTH: 8, VALUE_WIDTH: 8, ROWS: 8, KEYS: 4, RUN: 1, DEPTH: 4, THREAD_ROWS: 4, COLUMN_THREADS: 1 },
    outputs: { dq: 96 },
    workgroups: [1, 2, 1],
  }),
  // Blocks of 4 queries for each of two workgroups, tiles of 8 keys; two threads have every second diagonal each.
  fixed(flashDiagonals, {
    ...pairs,
    constants: { HEAD_WIDTH: 8, VALUE_WIDTH: 8, ROWS: 4, KEYS: 8, DEPTH: 4, THREAD_ROWS: 4, COLUMN_THREADS: 2 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, s: 7, first: -6 } },
    outputs: { diagonals: 48 },
    workgroups: [2, 2, 1],
  }),
  fixed(diagonals, {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { b: 2, h: 2, t: 3, s: 4 } },
    inputs: { dscores: floats(48) },
    outputs: { diagonals: 12 },
    workgroups: [12, 1, 1],
  }),
  fixed(table, {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { h: 2, entries: 3, parts: 2, diagonals: 6, first: -2, future: -1 } },
    inputs: { diagonals: floats(24) },
    outputs: { dtable: 6 },
    workgroups: [6, 1, 1],
  }),
  // Every pair reads the first of three elements; each of two workgroups has every second query.
  fixed(elementsRows, {
    ...pairs,
    constants: { WORKGROUP: 4 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, b: 1, n: 3 } },
    outputs: { sums: 6 },
    workgroups: [2, 1, 1],
  }),
  fixed(elements, {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { b: 2, h: 2, t: 3, s: 4, n: 3, start: 1, length: 4 } },
    inputs: { dscores: floats(48) },
    outputs: { delements: 3 },
    workgroups: [3, 1, 1],
  }),
  fixed(rowsBias, {
    ...pairs,
    constants: { WORKGROUP: 4 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, b: 1, s: 7, batches: 1, heads: 1 } },
    outputs: { dbias: 42 },
    workgroups: [2, 6, 1],
  }),
  fixed(rowsKv, {
    ...pairs,
    constants: { HEAD_WIDTH: 8, VALUE_WIDTH: 8, WORKGROUP: 4 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, s: 7, dv_first: 56 } },
    outputs: { dkv: 112 },
    workgroups: [7, 1, 1],
  }),
  fixed(rowsQ, {
    ...pairs,
    constants: { HEAD_WIDTH: 8, WORKGROUP: 4 },
    outputs: { dq: 96 },
    workgroups: [6, 2, 1],
  }),
  fixed(scores, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { h: 2, t: 3, s: 5, size: 30, start: 0, length: 5 } },
    inputs: { weights: positive(30), derivatives: floats(30), stats: floats(12), dweights: floats(30) },
    outputs: {},
    workgroups: [8, 1, 1],
  }),
  fixed(sink, {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { b: 2, h: 2, t: 3 } },
    inputs: { sink: floats(2), stats: floats(24) },
    outputs: { dsink: 2 },
    workgroups: [2, 1, 1],
  }),
  fixed(weights, {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: { h: 2, g: 1, t: 2, s: 6, d: 8, start: 4, length: 6, scale: 0.5 },
      views: { q_head: 8, q_token: 16, q_batch: 32, k_token: 8, v_token: 8 },
    },
    inputs: { q: floats(32), k: floats(48), stats: floats(8) },
    outputs: { weights: 24, derivatives: 24 },
    workgroups: [2, 2, 2],
  }),
];
