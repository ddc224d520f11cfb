// Attention without a softmax, and over selected keys.
import readOut from "#shaders/linear-attention/read-out.wgsl";
import runningSums from "#shaders/linear-attention/running-sums.wgsl";
import states from "#shaders/linear-attention/states.wgsl";
import gathered from "#shaders/selected-keys/gathered.wgsl";
import indexScores from "#shaders/selected-keys/index-scores.wgsl";
import naive from "#shaders/selected-keys/naive.wgsl";
import select from "#shaders/selected-keys/select.wgsl";
import { floats, words } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";
import { headStrides } from "../strides.ts";

// Two queries of two heads, which share one head of keys; three indices each of blocks of keys, one of which is none.
const [h, t, s, d, dv, n] = [2, 2, 24, 4, 8, 3];
const none = 0xffffffff;
const selection = words(0, 1, 2, 1, 2, none);
const tensors = { q: floats(h * t * d), k: floats(s * d), v: floats(s * dv), indices: selection } as const;
const common = { h, g: 1, t, m: 1, n, block: 8, start: s - t, scale: 0.5 } as const;

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
  // An indexer, its selection, and attention over it in two ways.
  fixed(indexScores, {
    constants: { WORKGROUP: 4, VECTORS: 1, QUERIES: 2 },
    uniforms: { params: { h, t, s, start: s - t } },
    inputs: { q: floats(h * t * d), k: floats(s * d), weights: floats(t * h) },
    outputs: { scores: t * s },
    workgroups: [6, 1, 1],
  }),
  fixed(select, {
    uniforms: { params: { rows: 2, s: 7, count: 3 } },
    inputs: { logits: Float32Array.of(1, 3, 2, 3, 2, 2, 0, -1, -5, 4, -1, -1, 0, 9) },
    outputs: { indices: 2 * 3 },
    workgroups: [2, 1, 1],
  }),
  fixed(naive, {
    constants: { WORKGROUP: 2, WIDTH: d, VALUE_WIDTH: dv },
    uniforms: { params: Object.assign({ s, size: h * t }, common) },
    inputs: tensors,
    outputs: { out: t * h * dv },
    workgroups: [2, 1, 1],
  }),
  fixed(gathered, {
    constants: { WORKGROUP: 16, HEAD_WIDTH: d, VALUE_WIDTH: dv, ROWS: 2, THREAD_KEYS: 1 },
    uniforms: {
      params: Object.assign({ splits: 1, span: 32, length: s }, common),
      views: { q_head: t * d, q_token: d, k_token: d, v_token: dv },
    },
    inputs: tensors,
    outputs: { accumulators: t * h * dv, stats: t * h * 2 },
    workgroups: [1, t, 1],
  }),
];
