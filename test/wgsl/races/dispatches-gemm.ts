import { type Dispatch, floats } from "./dispatch.ts";

/** A product `[m, k]` · `[k, n]` of contiguous matrices. */
export const product = (
  m: number,
  k: number,
  n: number,
  rest: Pick<Dispatch, "constants" | "workgroups">,
  uniforms: Dispatch["uniforms"] = {},
): Dispatch => ({
  ...rest,
  uniforms: { params: { batch: 1, h: 1, m, k, n, a_row: k, a_i: 1, b_i: n, b_column: 1 }, ...uniforms },
  inputs: { a: floats(m * k), b: floats(k * n) },
  outputs: { y: m * n },
});

const pairs = { constants: { WORKGROUP: 4 }, workgroups: [4, 1, 1] } as const;

/** Small dispatches of the kernels of gemm. */
export const gemmDispatches: Readonly<Record<string, Dispatch>> = {
  "gemm/naive": product(3, 5, 5, pairs),
  "gemm/coalesced": product(3, 5, 5, pairs),
  "gemm/tiled": product(5, 7, 3, { constants: { TILE: 3 }, workgroups: [1, 2, 1] }),
  "gemm/registers-1d": product(5, 7, 3, {
    constants: { ROWS: 2, TILE_ROWS: 4, TILE_COLUMNS: 2, DEPTH: 3 },
    workgroups: [2, 2, 1],
  }),
  "gemm/registers-2d": product(5, 7, 7, {
    constants: { ROWS: 2, COLUMNS: 2, ROW_THREADS: 2, COLUMN_THREADS: 2, DEPTH: 3 },
    workgroups: [2, 2, 1],
  }),
  ...Object.fromEntries(
    ["vectors", "padded", "double-buffer"].map((name) => [
      `gemm/${name}`,
      product(33, 6, 5, { constants: { THREADS: 4, DEPTH: 4 }, workgroups: [1, 2, 1] }),
    ]),
  ),
  "gemm/split-k/parts": {
    ...product(3, 7, 2, { constants: { TILE: 2 }, workgroups: [1, 2, 2] }, { split: { splits: 2, run: 4 } }),
    outputs: { partial: 12 },
  },
  "gemm/split-k/join": {
    constants: { WORKGROUP: 4 },
    uniforms: { params: { size: 6, n: 3, splits: 2 } },
    inputs: { partial: floats(12) },
    outputs: { y: 6 },
    workgroups: [2, 1, 1],
  },
};
