// Dispatches of kernels that are one subgroup: small ones, of two threads.
import { attention, type Dispatch, floats } from "./dispatch.ts";
import { product } from "./dispatches-gemm.ts";
import { moeDispatches } from "./dispatches-moe.ts";

const SUBGROUP = 2;

/** Kernels of subgroups by name. Their workgroups have no memory; threads exchange values. */
export const subgroupDispatches: Readonly<Record<string, Dispatch>> = {
  "attention/subgroups": {
    ...attention(10, 12, { SUBGROUP, ROWS: 4, KEYS: 4 }),
    workgroups: [3, 2, 1],
  },
  "gemm/subgroups": product(9, 6, 9, { constants: { SUBGROUP, ROW_QUADS: 1 }, workgroups: [2, 3, 1] }),
  "matmul/subgroups": {
    constants: { SUBGROUP, ROWS: 2, TILES: 1, COLUMNS: 4 },
    uniforms: { params: { rows: 3, k: 8, n: 9, begin: 0, total: 9 } },
    inputs: { x: floats(24), weight: floats(72) },
    outputs: { y: 27 },
    workgroups: [2, 2, 1],
  },
  "matmul/vector-subgroups": {
    constants: { SUBGROUP, ROWS: 2, COLUMNS: 4 },
    uniforms: { params: { rows: 2, k: 8, n: 9, begin: 0, total: 9, eps: 0, row_words: 8, none: 0 } },
    inputs: { x: floats(16), weight: floats(72) },
    outputs: { y: 18 },
    workgroups: [2, 1, 1],
  },
  ...Object.fromEntries(
    ["rms-norm", "layer-norm"].map((norm) => [
      `norm/${norm}-subgroups`,
      {
        constants: { SUBGROUP, ROWS: 2 },
        uniforms: { params: { rows: 4, cols: 8, eps: 1e-5 } },
        inputs: { x: floats(32), weight: floats(8) },
        outputs: { y: 32 },
        workgroups: [2, 1, 1] as const,
      },
    ]),
  ),
  ...Object.fromEntries(
    ["subgroups", "subgroup-registers"].map((softmax) => [
      `softmax/${softmax}`,
      {
        constants: { SUBGROUP, ROWS: 1 },
        uniforms: { params: { rows: 3, cols: 24 } },
        inputs: { x: floats(72) },
        outputs: { y: 72 },
        workgroups: [3, 1, 1] as const,
      },
    ]),
  ),
  "moe/subgroups": {
    ...(moeDispatches["moe/grouped"] as Dispatch),
    constants: { SUBGROUP, BLOCK: 4, COLUMNS: 4 },
  },
};
