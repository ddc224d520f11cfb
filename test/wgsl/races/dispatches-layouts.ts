import { type Dispatch, floats } from "./dispatch.ts";

/** Dispatches of the kernels around caches of other layouts, and of latent attention. */
export const layoutDispatches: Readonly<Record<string, Dispatch>> = {
  // Two tokens of two heads at positions 1 and 2 of a cache of four: keys of 8 bytes, values of 4.
  "kv-cache/append-quantised": {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: {
        size: 8,
        t: 2,
        g: 2,
        s: 4,
        d: 8,
        width: 4,
        k_block: 8,
        v_block: 4,
        start: 1,
        k_batch: 32,
        k_token: 16,
        k_head: 8,
        v_batch: 16,
        v_token: 8,
        v_head: 4,
      },
    },
    inputs: {
      k: floats(32),
      v: floats(16),
      keys: new Uint32Array(16),
      values: new Uint32Array(8),
      kScale: new Float32Array(8),
      vScale: new Float32Array(8),
    },
    outputs: {},
    workgroups: [2, 1, 1],
  },
  // Two batch rows of six slots, two of them sinks, that have seen nine keys; three queries each.
  // Rows 0 and 3 from row 1, row 2 from itself; two of three positions.
  "kv-cache/copy-rows": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { size: 36, b: 4, g: 1, s: 3, t: 3, words: 3 } },
    inputs: {
      cache: Uint32Array.from(Array(36).keys()),
      parents: Uint32Array.of(1, 1, 2, 1),
      step: new Uint32Array(256).fill(2),
    },
    outputs: {},
    workgroups: [9, 1, 1],
  },
  "kv-cache/ring-positions": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { b: 2, t: 3, slots: 6, sinks: 2, start: 6, length: 9 } },
    inputs: {},
    outputs: { keys: 12, queries: 6 },
    workgroups: [3, 2, 1],
  },
  // Two rows of three heads, 4 to 3 columns.
  "matmul/heads": {
    constants: { WORKGROUP: 4 },
    uniforms: {
      params: {
        size: 18,
        h: 3,
        k: 4,
        n: 3,
        x_row: 12,
        x_head: 4,
        weight_head: 12,
        weight_column: 4,
        weight_i: 1,
      },
    },
    inputs: { x: floats(24), weight: floats(36) },
    outputs: { y: 18 },
    workgroups: [5, 1, 1],
  },
};
