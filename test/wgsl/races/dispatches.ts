import { attention, type Dispatch, floats, positive, strides, words } from "./dispatch.ts";
import { backwardDispatches } from "./dispatches-backward.ts";
import { blockMapDispatches } from "./dispatches-block-map.ts";
import { gemmDispatches } from "./dispatches-gemm.ts";
import { labDispatches } from "./dispatches-lab.ts";
import { layoutDispatches } from "./dispatches-layouts.ts";
import { lossDispatches } from "./dispatches-loss.ts";
import { moeDispatches } from "./dispatches-moe.ts";
import { moeBackwardDispatches } from "./dispatches-moe-backward.ts";
import { peakDispatches } from "./dispatches-peaks.ts";
import { samplingDispatches } from "./dispatches-sampling.ts";
import { subgroupDispatches } from "./dispatches-subgroups.ts";

const oneAxis = { d1: 1, d2: 1, d3: 11 };
const walk = (...names: string[]) => Object.assign({}, ...names.map((name) => strides(name, [1, 1, 1, 11])));

/** Eleven results of `width` elements, in workgroups of four threads. */
function elementwise(names: readonly string[], width: 1 | 4): Dispatch {
  return {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, ...oneAxis, ...walk(...names.map((name) => (name === "condition" ? "c" : name))) } },
    inputs: Object.fromEntries(
      names.map((name) => [name, name === "condition" ? words(0, 1, 1, 0, 2, 0, 0, 3, 1, 0, 1) : floats(11 * width)]),
    ),
    outputs: { y: 11 * width },
    workgroups: [2, 2, 1],
  };
}

/** Rows of 24 elements, two threads a row and two rows a workgroup, three turns each; the last row is alone. */
const rows = (inputs: Dispatch["inputs"]): Dispatch => ({
  constants: { WORKGROUP: 4, LANES: 2 },
  uniforms: { params: { rows: 5, cols: 24, eps: 1e-5 } },
  inputs: { x: floats(5 * 24), ...inputs },
  outputs: { y: 5 * 24 },
  workgroups: [3, 1, 1],
});

/** Five rows of six elements by one thread each, or element by element. */
const softmaxPass = (inputs: Dispatch["inputs"], outputs: Dispatch["outputs"], workgroups: number): Dispatch => ({
  constants: { WORKGROUP: 4 },
  uniforms: { params: { rows: 5, cols: 6 } },
  inputs: { x: floats(30), ...inputs },
  outputs,
  workgroups: [workgroups, 1, 1],
});

/** A linear layer with a whole weight [n, k]. */
const linear = (rows: number, k: number, n: number, rest: Pick<Dispatch, "constants" | "workgroups">): Dispatch => ({
  ...rest,
  constants: rest.constants ?? {},
  uniforms: { params: { rows, k, n, begin: 0, total: n } },
  inputs: { x: floats(rows * k), weight: floats(Math.ceil((n * k) / 4) * 4) },
  outputs: { y: rows * n },
});

/** This many words without order. */
const counted = (length: number) => words(...Array.from({ length }, (_, i) => (i * 2_654_435_761) >>> 0));

/** Two tokens of two heads of width 7, of which 4 columns are rotated. */
const rope: Dispatch = {
  constants: { WORKGROUP: 4 },
  uniforms: { params: { size: 20, t: 2, h: 2, d: 7, pairs: 2, start: 1, x_batch: 28, x_token: 14, x_head: 7 } },
  inputs: { x: floats(28), table: floats(16) },
  outputs: { y: 28 },
  workgroups: [5, 1, 1],
};

/** Two tokens of two heads of width 12, of which 8 columns are rotated. */
const ropeByVectors: Dispatch = {
  constants: { WORKGROUP: 4 },
  uniforms: { params: { size: 8, t: 2, h: 2, d: 3, pairs: 1, start: 1, x_batch: 12, x_token: 6, x_head: 3 } },
  inputs: { x: floats(48), table: floats(24) },
  outputs: { y: 48 },
  workgroups: [2, 1, 1],
};

/** Five results over an axis of 70 (three blocks of 32, or 18 turns of four threads), reached by strides. */
const reduction = (constants: Readonly<Record<string, number>>): Dispatch => ({
  constants: { WORKGROUP: 4, ...constants },
  uniforms: { params: { n: 5, d1: 1, d2: 1, d3: 5, ...strides("x", [1, 1, 1, 5]), length: 70, step: 5 } },
  inputs: { x: floats(350) },
  outputs: { y: 5 },
  workgroups: [3, 1, 1],
});

/** The kernels that the detector runs, each with its default parts. */
export const dispatches: Readonly<Record<string, Dispatch>> = {
  // Two blocks of eight queries by four threads, twice eight keys.
  "attention/flash": {
    ...attention(10, 12, { ROWS: 8, THREAD_ROWS: 4, COLUMN_THREADS: 2, KEYS: 8, CHUNKS: 2 }),
    workgroups: [2, 2, 1],
  },
  "attention/naive/scores": {
    ...attention(2, 6, {}),
    constants: { WORKGROUP: 4 },
    inputs: { q: floats(32), k: floats(48) },
    outputs: { scores: 24 },
    workgroups: [2, 2, 2],
  },
  "attention/naive/softmax": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { h: 2, t: 2, s: 10, rows: 4, start: 8, length: 10 } },
    inputs: { scores: floats(40) },
    outputs: {},
    workgroups: [2, 2, 1],
  },
  "attention/naive/values": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { h: 2, g: 1, t: 2, s: 6, width: 3, size: 12, start: 4, length: 6 }, views: { v_token: 3 } },
    inputs: { weights: positive(24), v: floats(18) },
    outputs: { out: 12 },
    workgroups: [3, 1, 1],
  },
  "attention/rows": attention(2, 10, { WORKGROUP: 4 }),
  "attention/split-k/join": {
    constants: { VALUE_WIDTH: 8 },
    uniforms: { params: { h: 2, t: 2, splits: 2 } },
    inputs: { accumulators: floats(64), stats: positive(16) },
    outputs: { out: 32 },
    workgroups: [2, 2, 1],
  },
  // Splits of two turns and one, of two key and value heads; columns of values in two turns.
  "attention/split-k/parts": {
    constants: { HEAD_WIDTH: 4, VALUE_WIDTH: 68, WORKGROUP: 16, ROWS: 4, THREAD_KEYS: 4 },
    uniforms: {
      params: { h: 4, g: 2, t: 2, splits: 2, span: 72, start: 73, length: 75, scale: 0.5 },
      views: { q_head: 4, q_token: 16, k_head: 300, k_token: 4, v_head: 5100, v_token: 68 },
    },
    inputs: { q: floats(32), k: floats(600), v: floats(10200) },
    outputs: { accumulators: 1088, stats: 32 },
    workgroups: [2, 1, 2],
  },
  "elementwise/binary": elementwise(["a", "b"], 1),
  "elementwise/cast": elementwise(["x"], 1),
  "elementwise/random": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 19, seed: 7 } },
    inputs: {},
    outputs: { y: 19 },
    workgroups: [3, 1, 1],
  },
  "elementwise/fill": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, word: 0x3f803f80, last: 0xffff } },
    inputs: { y: new Uint32Array(11) },
    outputs: {},
    workgroups: [3, 1, 1],
  },
  "elementwise/gated": elementwise(["gate", "up"], 4),
  "elementwise/map": elementwise(["x"], 4),
  "elementwise/softcap": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 11, cap: 5 } },
    inputs: { x: floats(11) },
    outputs: { y: 11 },
    workgroups: [3, 1, 1],
  },
  "elementwise/where": elementwise(["condition", "a", "b"], 1),
  "embedding/gather": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { t: 3, c: 6, begin: 0, end: 4, v: 4, tokens: 0 } },
    inputs: { ids: words(2, 0, 2), weight: floats(24) },
    outputs: { y: 18 },
    workgroups: [2, 3, 1],
  },
  // Two tokens at positions 1 and 2 of a cache of four.
  "kv-cache/append": {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: {
        size: 20,
        t: 2,
        g: 2,
        s: 4,
        d: 3,
        width: 2,
        start: 1,
        k_batch: 12,
        k_token: 6,
        k_head: 3,
        v_batch: 8,
        v_token: 4,
        v_head: 2,
      },
    },
    inputs: { k: floats(12), v: floats(8), keys: new Float32Array(24), values: new Float32Array(16) },
    outputs: {},
    workgroups: [5, 1, 1],
  },
  "kv-cache/append-rotated": {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: {
        size: 18,
        t: 1,
        h: 3,
        g: 1,
        s: 4,
        d: 4,
        width: 2,
        pairs: 2,
        start: 1,
        q_batch: 12,
        q_token: 12,
        q_head: 4,
        k_batch: 4,
        k_token: 4,
        k_head: 4,
        v_batch: 2,
        v_token: 2,
        v_head: 2,
      },
    },
    inputs: {
      q: floats(12),
      k: floats(4),
      v: floats(2),
      table: floats(16),
      keys: new Float32Array(16),
      values: new Float32Array(8),
    },
    outputs: { rotated: 12 },
    workgroups: [5, 1, 1],
  },
  ...blockMapDispatches,
  ...labDispatches,
  ...layoutDispatches,
  ...lossDispatches,
  ...moeDispatches,
  ...moeBackwardDispatches,
  "layout/copy": {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: { rows: 3, run: 5, pitch: 6, begin: 0, words: 5, d1: 1, d2: 3, d3: 5, ...strides("x", [1, 1, 3, 5]) },
    },
    inputs: { x: words(...Array.from({ length: 15 }, (_, i) => i + 1)), y: new Uint32Array(18) },
    outputs: {},
    workgroups: [4, 1, 1],
  },
  // Three runs of two vectors, three apart.
  "layout/copy-vectors": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { n: 6, run: 2, pitch: 3, begin: 1, d1: 1, d2: 3, d3: 2, ...strides("x", [1, 1, 3, 2]) } },
    inputs: { x: words(...Array.from({ length: 24 }, (_, i) => i + 1)), y: new Uint32Array(36) },
    outputs: {},
    workgroups: [2, 1, 1],
  },
  ...gemmDispatches,
  "matmul/int8/quantise": {
    constants: { WORKGROUP: 2 },
    uniforms: { params: { blocks: 3 } },
    inputs: { x: floats(96) },
    outputs: { codes: 24, scales: 3 },
    workgroups: [2, 1, 1],
  },
  "matmul/int8/product": {
    constants: { ROWS: 2, COLUMNS: 2, COLUMN_THREADS: 2, ROW_THREADS: 1 },
    uniforms: { params: { rows: 3, k: 32, n: 3, begin: 0, total: 3 } },
    inputs: { codes: counted(24), scales: floats(3), weight: counted(24), weight_scales: counted(2) },
    outputs: { y: 9 },
    workgroups: [1, 2, 1],
  },
  "matmul/naive": linear(3, 5, 4, { constants: { WORKGROUP: 4 }, workgroups: [3, 1, 1] }),
  "matmul/register": linear(7, 8, 6, {
    constants: { ROWS: 2, COLUMNS: 2, COLUMN_THREADS: 2, ROW_THREADS: 2 },
    workgroups: [2, 2, 1],
  }),
  "matmul/tiled": linear(5, 7, 3, { constants: { TILE: 3 }, workgroups: [1, 2, 1] }),
  "matmul/vector": linear(3, 16, 13, { constants: { ROWS: 3, LANES: 2, WORKGROUP: 4 }, workgroups: [2, 1, 1] }),
  "norm/layer-norm": rows({ weight: floats(24) }),
  "norm/layer-norm-registers": rows({ weight: floats(24) }),
  "norm/rms-norm": rows({ weight: floats(24) }),
  "norm/rms-norm-registers": rows({ weight: floats(24) }),
  ...backwardDispatches,
  ...peakDispatches,
  // Three segments of 6 columns, one of them without rows.
  "reduce/segments": {
    constants: { WORKGROUP: 4, RUN: 2 },
    uniforms: { params: { n: 3, t: 9, c: 6 } },
    inputs: {
      x: floats(54),
      weights: words(...Array.from({ length: 9 }, (_, i) => (i === 4 ? 0 : 0x3f800000))),
      offsets: words(0, 5, 5, 9),
    },
    outputs: { y: 18 },
    workgroups: [2, 3, 1],
  },
  ...samplingDispatches,
  ...subgroupDispatches,
  "reduce/thread": { ...reduction({}), workgroups: [2, 1, 1] },
  "reduce/workgroup": reduction({ WORKGROUP: 8, LANES: 4 }),
  "rope/rotate": rope,
  "rope/rotate-vectors": ropeByVectors,
  "softmax/log-naive": { ...softmaxPass({}, { y: 30 }, 2) },
  "softmax/log-workgroup": rows({}),
  "softmax/normalise": softmaxPass({ largest: floats(5), sum: positive(5) }, { y: 30 }, 8),
  "softmax/online": rows({}),
  "softmax/registers": rows({}),
  "softmax/row-max": softmaxPass({}, { largest: 5 }, 2),
  "softmax/row-sum": softmaxPass({ largest: floats(5) }, { sum: 5 }, 2),
  "softmax/workgroup": rows({}),
};
