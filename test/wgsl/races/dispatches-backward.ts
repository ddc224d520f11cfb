// Dispatches of kernels that compute gradients.
import { attention, type Dispatch, floats, positive, strides, words } from "./dispatch.ts";

/** Gradients of a norm's rows of 24 elements, two threads a row and two rows a workgroup; the last row is alone. */
const rows = (statistics: Dispatch["outputs"]): Dispatch => ({
  constants: { WORKGROUP: 4, LANES: 2 },
  uniforms: { params: { rows: 5, cols: 24, eps: 1e-5 } },
  inputs: { x: floats(120), weight: floats(24), dy: floats(120) },
  outputs: { dx: 120, ...statistics },
  workgroups: [3, 1, 1],
});

/** Those rows in three groups, of which the last has one row and the others two. */
const groups = (dispatch: Pick<Dispatch, "constants" | "workgroups">, partials: Dispatch["outputs"]): Dispatch => ({
  ...rows({}),
  uniforms: { params: { rows: 5, cols: 24, groups: 3, eps: 1e-5 } },
  outputs: { dx: 120, ...partials },
  ...dispatch,
});

const inRegisters = { constants: { WORKGROUP: 4, LANES: 2, OWN: 3 }, workgroups: [2, 1, 1] } as const;
const bySubgroups = { constants: { SUBGROUP: 2, ROWS: 2 }, workgroups: [3, 1, 1] } as const;
const weight = { dweights: 72 } as const;
const both = { dweights: 72, dbiases: 72 } as const;

/** Eleven elements, four at a time, in workgroups of four threads. */
const elementwise = (inputs: readonly string[], outputs: readonly string[]): Dispatch => ({
  constants: { WORKGROUP: 4 },
  uniforms: {
    params: {
      n: 11,
      d1: 1,
      d2: 1,
      d3: 11,
      ...Object.assign({}, ...[...inputs, ...outputs].map((name) => strides(name, [1, 1, 1, 11]))),
    },
  },
  inputs: Object.fromEntries(inputs.map((name) => [name, floats(44)])),
  outputs: Object.fromEntries(outputs.map((name) => [name, 44])),
  workgroups: [2, 2, 1],
});

/** The gradient of a softmax of five rows, as above. */
const softmax = (dispatch: Pick<Dispatch, "constants" | "workgroups">): Dispatch => ({
  uniforms: { params: { rows: 5, cols: 24 } },
  inputs: { y: floats(120), dy: floats(120) },
  outputs: { dx: 120 },
  ...dispatch,
});

/** Gradients of sums over segments of rows. */
const pooled = {
  constants: { WORKGROUP: 4 },
  uniforms: { params: { n: 3, t: 10, c: 6, length: 0 } },
  inputs: { dy: floats(18), weights: positive(10), offsets: words(1, 5, 5, 9) },
  outputs: { dx: 60 },
} as const;

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

export const backwardDispatches: Readonly<Record<string, Dispatch>> = {
  "elementwise/gated-backward": elementwise(["gate", "up", "dy"], ["dgate", "dup"]),
  "elementwise/map-backward": elementwise(["x", "dy"], ["dx"]),
  "elementwise/softcap-backward": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, cap: 5 } },
    inputs: { x: floats(44), dy: floats(44) },
    outputs: { dx: 44 },
    workgroups: [3, 1, 1],
  },
  // Two batch rows of two heads, three queries and rows of five numbers.
  "attention/backward/stats": {
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
  },
  // Blocks of 4 queries and tiles of 4 keys, the last of each short; sums go to memory after each tile.
  "attention/backward/flash-kv": {
    ...pairs,
    constants: { HEAD_WIDTH: 8, VALUE_WIDTH: 8, ROWS: 8, KEYS: 4, RUN: 1, DEPTH: 4, THREAD_ROWS: 4, COLUMN_THREADS: 2 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, s: 7, dv_first: 56 } },
    outputs: { dkv: 112 },
    workgroups: [2, 1, 1],
  },
  "attention/backward/flash-q": {
    ...pairs,
    constants: { HEAD_WIDTH: 8, VALUE_WIDTH: 8, ROWS: 8, KEYS: 4, RUN: 1, DEPTH: 4, THREAD_ROWS: 4, COLUMN_THREADS: 1 },
    outputs: { dq: 96 },
    workgroups: [1, 2, 1],
  },
  // Blocks of 4 queries for each of two workgroups, tiles of 8 keys; two threads have every second diagonal each.
  "attention/backward/flash-diagonals": {
    ...pairs,
    constants: { HEAD_WIDTH: 8, VALUE_WIDTH: 8, ROWS: 4, KEYS: 8, DEPTH: 4, THREAD_ROWS: 4, COLUMN_THREADS: 2 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, s: 7, first: -6 } },
    outputs: { diagonals: 48 },
    workgroups: [2, 2, 1],
  },
  "attention/backward/diagonals": {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { b: 2, h: 2, t: 3, s: 4 } },
    inputs: { dscores: floats(48) },
    outputs: { diagonals: 12 },
    workgroups: [12, 1, 1],
  },
  "attention/backward/table": {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { h: 2, entries: 3, parts: 2, diagonals: 6, first: -2, future: -1 } },
    inputs: { diagonals: floats(24) },
    outputs: { dtable: 6 },
    workgroups: [6, 1, 1],
  },
  // Every pair reads the first of three elements; each of two workgroups has every second query.
  "attention/backward/elements/rows": {
    ...pairs,
    constants: { WORKGROUP: 4 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, b: 1, n: 3 } },
    outputs: { sums: 6 },
    workgroups: [2, 1, 1],
  },
  "attention/backward/elements": {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { b: 2, h: 2, t: 3, s: 4, n: 3, start: 1, length: 4 } },
    inputs: { dscores: floats(48) },
    outputs: { delements: 3 },
    workgroups: [3, 1, 1],
  },
  "attention/backward/rows-bias": {
    ...pairs,
    constants: { WORKGROUP: 4 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, b: 1, s: 7, batches: 1, heads: 1 } },
    outputs: { dbias: 42 },
    workgroups: [2, 6, 1],
  },
  "attention/backward/rows-kv": {
    ...pairs,
    constants: { HEAD_WIDTH: 8, VALUE_WIDTH: 8, WORKGROUP: 4 },
    uniforms: { ...pairs.uniforms, params: { ...pairs.uniforms.params, s: 7, dv_first: 56 } },
    outputs: { dkv: 112 },
    workgroups: [7, 1, 1],
  },
  "attention/backward/rows-q": {
    ...pairs,
    constants: { HEAD_WIDTH: 8, WORKGROUP: 4 },
    outputs: { dq: 96 },
    workgroups: [6, 2, 1],
  },
  "attention/backward/scores": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { h: 2, t: 3, s: 5, size: 30, start: 0, length: 5 } },
    inputs: { weights: positive(30), derivatives: floats(30), stats: floats(12), dweights: floats(30) },
    outputs: {},
    workgroups: [8, 1, 1],
  },
  "attention/backward/sink": {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { b: 2, h: 2, t: 3 } },
    inputs: { sink: floats(2), stats: floats(24) },
    outputs: { dsink: 2 },
    workgroups: [2, 1, 1],
  },
  "optimizer/adamw": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, kept1: 0.9, new1: 0.1, kept2: 0.95, new2: 0.05, eps: 1e-8, decay: 0.1 } },
    inputs: {
      gradient: floats(24),
      scalars: floats(3),
      parameter: floats(24),
      first: floats(24),
      second: positive(24),
    },
    outputs: {},
    workgroups: [2, 1, 1],
  },
  "optimizer/momentum": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, kept: 0.9, new_: 1, ahead: 1, held: 0.9, decay: 0.1 } },
    inputs: { gradient: floats(24), parameter: floats(24), velocity: floats(24) },
    outputs: { update: 24 },
    workgroups: [2, 1, 1],
  },
  "optimizer/descend": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, decay: 0.1, scale: 1.5 } },
    inputs: { update: floats(24), scalars: floats(1), parameter: floats(24) },
    outputs: {},
    workgroups: [2, 1, 1],
  },
  "optimizer/lion": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, kept1: 0.9, new1: 0.1, kept2: 0.99, new2: 0.01, decay: 0.1 } },
    inputs: { gradient: floats(24), scalars: floats(1), parameter: floats(24), first: floats(24) },
    outputs: {},
    workgroups: [2, 1, 1],
  },
  "optimizer/squares": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, threads: 5, first: 2 } },
    inputs: { x: floats(44), sums: floats(8) },
    outputs: {},
    workgroups: [2, 1, 1],
  },
  "optimizer/norm": {
    constants: { WORKGROUP: 4, LANES: 4 },
    uniforms: { params: { n: 7, most: 1 } },
    inputs: { squares: positive(7), skipped: floats(1) },
    outputs: { clip: 2 },
    workgroups: [1, 1, 1],
    alone: true,
  },
  "attention/backward/weights": {
    ...attention(2, 6, {}),
    constants: { WORKGROUP: 4 },
    inputs: { q: floats(32), k: floats(48), stats: floats(8) },
    outputs: { weights: 24, derivatives: 24 },
    workgroups: [2, 2, 2],
  },
  "norm/layer-norm-backward": rows({ scales: 5, means: 5 }),
  "norm/layer-norm-backward-registers": groups(inRegisters, both),
  "norm/layer-norm-backward-subgroups": groups(bySubgroups, both),
  "norm/parameter-gradients": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 5, cols: 24, groups: 3 } },
    inputs: { x: floats(120), dy: floats(120), scales: floats(5) },
    outputs: weight,
    workgroups: [5, 1, 1],
  },
  "norm/rms-norm-backward": rows({ scales: 5 }),
  "norm/rms-norm-backward-registers": groups(inRegisters, weight),
  "norm/rms-norm-backward-subgroups": groups(bySubgroups, weight),
  // Three segments of 6 columns, one of them without rows; a row before the first and one after the last.
  "reduce/segments-backward": { ...pooled, workgroups: [5, 1, 1] },
  "reduce/segments-backward-naive": { ...pooled, workgroups: [16, 1, 1] },
  "softmax/backward": softmax({ constants: { WORKGROUP: 4, LANES: 2 }, workgroups: [3, 1, 1] }),
  "softmax/log-backward": softmax({ constants: { WORKGROUP: 4, LANES: 2 }, workgroups: [3, 1, 1] }),
  "softmax/log-backward-naive": softmax({ constants: { WORKGROUP: 4 }, workgroups: [2, 1, 1] }),
  "softmax/backward-registers": softmax({ constants: { WORKGROUP: 4, LANES: 2, OWN: 3 }, workgroups: [3, 1, 1] }),
  "softmax/backward-subgroups": softmax({ constants: { SUBGROUP: 2, ROWS: 2 }, workgroups: [3, 1, 1] }),
};
