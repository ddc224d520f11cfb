import append from "#shaders/kv-cache/append.wgsl";
import appendQuantised from "#shaders/kv-cache/append-quantised.wgsl";
import appendRotated from "#shaders/kv-cache/append-rotated.wgsl";
import copyRows from "#shaders/kv-cache/copy-rows.wgsl";
import hadamard from "#shaders/kv-cache/hadamard.wgsl";
import ringPositions from "#shaders/kv-cache/ring-positions.wgsl";
import { floats } from "../dispatch.ts";
import { fixed, type StudyKernel } from "../kernel.ts";

/** The kernels, each with a dispatch. */
export const kernels: readonly StudyKernel[] = [
  // Two tokens at positions 1 and 2 of a cache of four.
  fixed(append, {
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
  }),
  fixed(appendRotated, {
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
  }),
  // Two tokens of two heads at positions 1 and 2 of a cache of four: keys of 8 bytes, values of 4.
  fixed(appendQuantised, {
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
  }),
  // Two batch rows of six slots, two of them sinks, that have seen nine keys; three queries each.
  // Rows 0 and 3 from row 1, row 2 from itself; two of three positions.
  fixed(copyRows, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { size: 36, b: 4, g: 1, s: 3, t: 3, words: 3 } },
    inputs: {
      cache: Uint32Array.from(Array(36).keys()),
      parents: Uint32Array.of(1, 1, 2, 1),
      step: new Uint32Array(256).fill(2),
    },
    outputs: {},
    workgroups: [9, 1, 1],
  }),
  // Two tokens of six heads: a tile of 32 elements is four blocks.
  fixed(hadamard, {
    constants: { WORKGROUP: 8, BLOCK: 8 },
    uniforms: { params: { size: 96, t: 2, h: 6, d: 8, x_batch: 96, x_token: 48, x_head: 8, x_element: 1 } },
    inputs: { x: floats(96) },
    outputs: { y: 96 },
    workgroups: [3, 1, 1],
  }),
  fixed(ringPositions, {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { b: 2, t: 3, slots: 6, sinks: 2, start: 6, length: 9 } },
    inputs: {},
    outputs: { keys: 12, queries: 6 },
    workgroups: [3, 2, 1],
  }),
];
