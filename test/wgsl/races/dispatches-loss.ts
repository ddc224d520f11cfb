// Dispatches of the losses of training and their gradients.
import { type Dispatch, floats, positive, words } from "./dispatch.ts";

const target = { ignored: 9, smoothing: 0.1, z_loss: 0.01, cap: 1 };

/** Five rows of 24 columns, 22 of them tokens, one row ignored: two threads a row, two rows a workgroup. */
const shared = { constants: { WORKGROUP: 4, LANES: 2 }, workgroups: [3, 1, 1] } as const;
const wide = { params: { ...target, rows: 5, cols: 24, vocabulary: 22 } };
const ofWide = { logits: floats(5 * 24), targets: words(0, 21, 9, 7, 3) };

/** Five rows of 6 columns, 5 of them tokens, with a thread each. */
const alone = { constants: { WORKGROUP: 4 }, workgroups: [2, 1, 1] } as const;
const narrow = { params: { ...target, rows: 5, cols: 6, vocabulary: 5 } };
const ofNarrow = { logits: floats(5 * 6), targets: words(0, 4, 9, 2, 3) };

const upstream = { lse: positive(5), count: Float32Array.of(4), dloss: Float32Array.of(0.5) };

/** Ten tokens of a table of 3 rows and 8 columns, one of an id outside of it, in order of their ids. */
const ids = words(2, 0, 0, 1, 0, 2, 9, 0, 0, 0);
const order = words(1, 2, 4, 7, 8, 9, 3, 0, 5, 6);
const parts = floats(3 * 2 * 8);
const table = { params: { t: 10, width: 2, begin: 0, end: 3, v: 3, scale: 2 } };

/** Kernels of losses and embeddings in training, by name. */
export const lossDispatches: Readonly<Record<string, Dispatch>> = {
  "cross-entropy/naive": { ...alone, uniforms: narrow, inputs: ofNarrow, outputs: { losses: 5, lse: 5 } },
  "cross-entropy/online": {
    ...shared,
    constants: { WORKGROUP: 8, LANES: 4, RUN: 4 },
    uniforms: wide,
    inputs: ofWide,
    outputs: { losses: 5, lse: 5 },
  },
  "elementwise/dropout": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 15, site: 17, threshold: 2 ** 30, scale: 4 / 3 } },
    inputs: { x: floats(15), key: words(7, 3) },
    outputs: { y: 15 },
    workgroups: [2, 1, 1],
  },
  "elementwise/dropout-vectors": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 5, site: 17, threshold: 2 ** 30, scale: 4 / 3 } },
    inputs: { x: floats(20), key: words(7, 3) },
    outputs: { y: 20 },
    workgroups: [2, 1, 1],
  },
  "reduce/columns": {
    constants: { WORKGROUP: 4, RUN: 2 },
    uniforms: { params: { rows: 11, width: 2, block: 5 } },
    inputs: { x: floats(11 * 8) },
    outputs: { y: 3 * 8 },
    workgroups: [2, 1, 1],
  },
  "embedding/backward/naive": {
    constants: { WORKGROUP: 4, RUN: 4 },
    uniforms: { params: { t: 10, c: 3, begin: 0, end: 3, scale: 2 } },
    inputs: { ids, dy: floats(30) },
    outputs: { dtable: 9 },
    workgroups: [3, 1, 1],
  },
  "embedding/sort/count": {
    constants: { BINS: 4, CHUNK: 4 },
    uniforms: { params: { t: 10, v: 3 } },
    inputs: { ids },
    outputs: { chunk_counts: 12 },
    workgroups: [3, 1, 1],
  },
  "embedding/sort/scan": {
    constants: { BINS: 4 },
    uniforms: { params: { chunks: 3 } },
    inputs: { chunk_counts: words(2, 1, 1, 0, 2, 0, 1, 1, 2, 0, 0, 0) },
    outputs: {},
    workgroups: [1, 1, 1],
    alone: true,
  },
  "embedding/sort/place": {
    constants: { BINS: 4, CHUNK: 4 },
    uniforms: { params: { t: 10, v: 3 } },
    inputs: { ids, chunk_counts: words(0, 6, 7, 9, 2, 7, 8, 9, 4, 7, 9, 10) },
    outputs: { sorted: 10 },
    workgroups: [3, 1, 1],
  },
  "embedding/backward/pieces": {
    constants: { WORKGROUP: 4, PIECE: 4 },
    uniforms: table,
    inputs: { ids, order, dy: floats(80), dtable: floats(24), parts },
    outputs: {},
    workgroups: [2, 1, 1],
  },
  "embedding/backward/join": {
    constants: { WORKGROUP: 2, PIECE: 2, RUN: 2 },
    uniforms: { params: { t: 10, width: 2, begin: 0, end: 3, v: 3, scale: 2 } },
    inputs: { ids, order, dtable: floats(24), parts: floats(5 * 2 * 8) },
    outputs: {},
    workgroups: [5, 1, 1],
  },
  "cross-entropy/count": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 10, ignored: 3 } },
    inputs: { targets: words(0, 1, 2, 3, 4, 3, 3, 0, 5, 6) },
    outputs: { count: 1 },
    workgroups: [1, 1, 1],
    alone: true,
  },
  "cross-entropy/mean": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { rows: 10 } },
    inputs: { losses: floats(10), count: Float32Array.of(7) },
    outputs: { loss: 1 },
    workgroups: [1, 1, 1],
    alone: true,
  },
  "cross-entropy/blocks/sums": {
    ...shared,
    constants: { WORKGROUP: 8, LANES: 4, RUN: 4 },
    uniforms: { params: { ...target, rows: 5, cols: 24, first: 24, vocabulary: 46 } },
    inputs: { logits: floats(5 * 24), targets: words(0, 45, 9, 24, 30), sums: floats(5 * 4) },
    outputs: {},
  },
  "cross-entropy/blocks/loss": {
    ...alone,
    uniforms: { params: { rows: 5, vocabulary: 46, ignored: 9, smoothing: 0.1, z_loss: 0.01 } },
    inputs: { sums: floats(5 * 4), targets: words(0, 45, 9, 24, 30) },
    outputs: { losses: 5, lse: 5, others: 5 },
  },
  "cross-entropy/blocks/gradient": {
    constants: { WORKGROUP: 4 },
    uniforms: { ...narrow, block: { first: 1 } },
    inputs: { ...ofNarrow, ...upstream, others: positive(5) },
    outputs: {},
    workgroups: [8, 1, 1],
  },
  "cross-entropy/backward/naive": {
    ...alone,
    uniforms: narrow,
    inputs: { ...ofNarrow, ...upstream },
    outputs: { dlogits: 5 * 6 },
  },
  "cross-entropy/backward/lanes": {
    ...shared,
    uniforms: wide,
    inputs: { ...ofWide, ...upstream },
    outputs: { dlogits: 5 * 24 },
  },
};
