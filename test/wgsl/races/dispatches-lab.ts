import { type Dispatch, floats } from "./dispatch.ts";

const heads = (prefix: string, [batch, head, token]: readonly number[]) => ({
  [`${prefix}_batch`]: batch ?? 0,
  [`${prefix}_head`]: head ?? 0,
  [`${prefix}_token`]: token ?? 0,
});

/** Dispatches of the kernels of cascade, ring and linear attention, and of the variants twoPass and flashPlain. */
export const labDispatches: Readonly<Record<string, Dispatch>> = {
  // Two sequences of two heads, three tokens each, two vectors a row.
  "attention/merge": {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: { h: 2, t: 3, vectors: 2, size: 24 },
      views: {
        ...heads("left", [48, 8, 16]),
        ...heads("left_lse", [6, 3, 1]),
        ...heads("right", [48, 24, 8]),
        ...heads("right_lse", [3, 6, 1]),
      },
    },
    inputs: { left: floats(96), leftLse: floats(12), right: floats(96), rightLse: floats(13) },
    outputs: { out: 96, lse: 12 },
    workgroups: [3, 2, 1],
  },
  // Two blocks of four queries, the last of which has two; two tiles of eight keys, the last of which has two.
  "attention/flash-plain": {
    constants: { HEAD_WIDTH: 8, ROWS: 4, KEYS: 8 },
    uniforms: {
      params: {
        h: 2,
        g: 1,
        t: 6,
        start: 4,
        length: 10,
        scale: 0.5,
        ...heads("q", [24, 2, 4]),
        ...heads("k", [20, 20, 2]),
        ...heads("v", [20, 20, 2]),
      },
    },
    inputs: { q: floats(96), k: floats(80), v: floats(80) },
    outputs: { out: 96, lse: 12 },
    workgroups: [2, 2, 1],
  },
  "attention/two-pass": {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: { h: 2, g: 1, t: 2, d: 8, start: 8, length: 10, scale: 0.5 },
      views: { q_head: 8, q_token: 16, q_batch: 32, k_token: 8, v_token: 8 },
    },
    inputs: { q: floats(32), k: floats(80), v: floats(80) },
    outputs: { out: 32 },
    workgroups: [2, 2, 1],
  },
  // Two heads, two queries each, after a whole chunk of four keys and one more.
  "linear-attention/read-out": {
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
        ...heads("q", [20, 10, 5]),
        ...heads("k", [30, 30, 5]),
        ...heads("v", [36, 36, 6]),
      },
    },
    inputs: { q: floats(20), k: floats(30), v: floats(36), states: floats(35) },
    outputs: { out: 24 },
    workgroups: [2, 2, 1],
  },
  "linear-attention/running-sums": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { chunks: 3, elements: 5, size: 10 } },
    inputs: { states: floats(30) },
    outputs: {},
    workgroups: [2, 2, 1],
  },
  // Two chunks of three keys, two at a time; five rows and four columns of the state in tiles of two.
  "linear-attention/states": {
    constants: { TILE: 2 },
    uniforms: {
      params: {
        g: 1,
        d: 5,
        width: 4,
        chunks: 2,
        span: 3,
        ...heads("k", [30, 30, 5]),
        ...heads("v", [18, 18, 3]),
      },
    },
    inputs: { k: floats(30), v: floats(18) },
    outputs: { states: 40 },
    workgroups: [6, 2, 1],
  },
};
