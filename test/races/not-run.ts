import { attention, type Dispatch, floats } from "./dispatch.ts";
import { product } from "./dispatches-gemm.ts";
import { moeDispatches } from "./dispatches-moe.ts";

/** The kernels that the detector does not run: where they fail, and what it says. */
export const notRun: Readonly<Record<string, { readonly reason: RegExp; readonly dispatch: Dispatch }>> = {
  // It takes private variables for variables of the workgroup, and finds more races among them than it can count.
  "sampling/sample": {
    reason: /Maximum call stack size exceeded/,
    dispatch: {
      uniforms: { params: { b: 1, v: 4 } },
      inputs: {
        logits: floats(4),
        settings: Float32Array.from({ length: 512 }, (_, i) => [1, 2, 0.9, 0, 1, 0, 0, 0][i % 8] ?? 0),
        step: new Uint32Array(256).fill(1),
      },
      outputs: { chosen: 1 },
      workgroups: [1, 1, 1],
    },
  },
  "sampling/token-weights": {
    reason: /Maximum call stack size exceeded/,
    dispatch: {
      uniforms: { params: { b: 1, v: 4 } },
      inputs: {
        logits: floats(4),
        settings: Float32Array.from({ length: 512 }, (_, i) => [1, 2, 0.9, 0, 1, 0, 0, 0][i % 8] ?? 0),
      },
      outputs: { weights: 4 },
      workgroups: [1, 1, 1],
    },
  },
  // Subgroups, of which it knows none. There is no workgroup memory to race for.
  "attention/subgroups": {
    reason: /Invalid statement type/,
    dispatch: {
      ...attention(10, 12, { SUBGROUP: 2, ROWS: 4, KEYS: 4 }),
      workgroups: [3, 2, 1],
    },
  },
  "gemm/subgroups": {
    reason: /Invalid statement type/,
    dispatch: product(5, 6, 9, { constants: { SUBGROUP: 2, ROW_QUADS: 1 }, workgroups: [2, 2, 1] }),
  },
  "matmul/subgroups": {
    reason: /Invalid statement type/,
    dispatch: {
      constants: { SUBGROUP: 2, ROWS: 2, COLUMNS: 4 },
      uniforms: { params: { rows: 3, k: 8, n: 9, begin: 0, total: 9 } },
      inputs: { x: floats(24), weight: floats(72) },
      outputs: { y: 27 },
      workgroups: [2, 2, 1],
    },
  },
  "matmul/vector-subgroups": {
    reason: /Invalid statement type/,
    dispatch: {
      constants: { SUBGROUP: 2, ROWS: 2, COLUMNS: 4 },
      uniforms: { params: { rows: 2, k: 8, n: 9, begin: 0, total: 9, eps: 0, row_words: 8, none: 0 } },
      inputs: { x: floats(16), weight: floats(72) },
      outputs: { y: 18 },
      workgroups: [2, 1, 1],
    },
  },
  ...Object.fromEntries(
    ["rms-norm", "layer-norm"].map((norm) => [
      `norm/${norm}-subgroups`,
      {
        reason: /Invalid statement type/,
        dispatch: {
          constants: { SUBGROUP: 2, ROWS: 2 },
          uniforms: { params: { rows: 3, cols: 8, eps: 1e-5 } },
          inputs: { x: floats(24), weight: floats(8) },
          outputs: { y: 24 },
          workgroups: [2, 1, 1] as const,
        },
      },
    ]),
  ),
  ...Object.fromEntries(
    ["subgroups", "subgroup-registers"].map((softmax) => [
      `softmax/${softmax}`,
      {
        reason: /Invalid statement type/,
        dispatch: {
          constants: { SUBGROUP: 2 },
          uniforms: { params: { rows: 3, cols: 24 } },
          inputs: { x: floats(72) },
          outputs: { y: 72 },
          workgroups: [3, 1, 1] as const,
        },
      },
    ]),
  ),
  "moe/subgroups": {
    reason: /Invalid statement type/,
    dispatch: {
      ...(moeDispatches["moe/grouped"] as Dispatch),
      constants: { SUBGROUP: 2, BLOCK: 4, COLUMNS: 4 },
    },
  },
};
