// Dispatches of the kernels that compute gradients of mixtures of experts.
import { type Dispatch, floats, words } from "./dispatch.ts";

const nothing = 0xffffffff;

/** Three slots of three tokens in two blocks of four rows, of two experts; rows of padding are not written. */
const lists = {
  slots: words(0, 2, nothing, nothing, 1, nothing, nothing, nothing),
  block_experts: words(0, 1),
  grids: words(1, 2, 1, 2, 1, 2, 1, 2),
};
const ends = { slots: lists.slots, counts: words(2, 1), offsets: words(0, 4, 8) };
const rows: Dispatch = {
  uniforms: { params: { rows: 8, n: 4, k: 8, choices: 1, begin: 0, end: 8 } },
  inputs: { x: floats(12), weight: floats(64), ...lists, z: new Float32Array(64) },
  outputs: {},
  workgroups: [1, 2, 1],
};
const weights: Dispatch = {
  uniforms: { params: { n: 8, m: 12, choices: 1, begin: 0, end: 16 } },
  inputs: { a: floats(64), b: floats(36), ...ends },
  outputs: { dw: 192 },
  workgroups: [2, 1, 2],
};

/** The kernels of their gradients. */
export const moeBackwardDispatches: Readonly<Record<string, Dispatch>> = {
  "moe/backward/biases": {
    constants: { WORKGROUP: 3 },
    uniforms: { params: { experts: 2, n: 5, choices: 1 } },
    inputs: { x: floats(40), ...ends },
    outputs: { db: 10 },
    workgroups: [4, 1, 1],
  },
  // Three tokens with a choice each, of which one is no expert's.
  "moe/backward/gated": {
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
  },
  "moe/backward/route": {
    constants: { EXPERTS: 4, CHOICES: 2, WORKGROUP: 4 },
    uniforms: { params: { tokens: 5, scale: 1 } },
    inputs: { logits: floats(20), experts: words(0, 1, 2, 3, 1, 0, 3, 2, 0, 3), dweights: floats(10) },
    outputs: { dlogits: 20 },
    workgroups: [2, 1, 1],
  },
  "moe/backward/route-lanes": {
    constants: { EXPERTS: 4, CHOICES: 2, WORKGROUP: 4, LANES: 2 },
    uniforms: { params: { tokens: 5, scale: 1 } },
    inputs: { logits: floats(20), experts: words(0, 1, 2, 3, 1, 0, 3, 2, 0, 3), dweights: floats(10) },
    outputs: { dlogits: 20 },
    workgroups: [3, 1, 1],
  },
  "moe/backward/rows": {
    ...rows,
    constants: { ROWS: 2, COLUMNS: 4, COLUMN_THREADS: 2, ROW_THREADS: 2 },
  },
  "moe/backward/rows-naive": {
    ...rows,
    constants: { BLOCK: 4, WORKGROUP: 4 },
    workgroups: [16, 1, 1],
  },
  "moe/backward/statistics": {
    constants: { EXPERTS: 4, WORKGROUP: 4 },
    uniforms: { params: { tokens: 5 } },
    inputs: { logits: floats(20), dsums: floats(9) },
    outputs: { dlogits: 20 },
    workgroups: [2, 1, 1],
  },
  "moe/backward/statistics-lanes": {
    constants: { EXPERTS: 4, WORKGROUP: 4, LANES: 2 },
    uniforms: { params: { tokens: 5 } },
    inputs: { logits: floats(20), dsums: floats(9) },
    outputs: { dlogits: 20 },
    workgroups: [3, 1, 1],
  },
  "moe/backward/weights": {
    ...weights,
    constants: { COLUMNS: 4, COLUMN_THREADS: 2, ROW_THREADS: 2 },
  },
  "moe/backward/weights-naive": {
    ...weights,
    constants: { WORKGROUP: 4 },
    workgroups: [48, 1, 1],
  },
};
