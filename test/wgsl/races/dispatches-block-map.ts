import type { Dispatch } from "./dispatch.ts";

/** The two kernels of a block map: three blocks of queries, the last short, over three tiles of keys. */
export const blockMapDispatches: Readonly<Record<string, Dispatch>> = {
  "attention/block-map/classify": {
    constants: { WORKGROUP: 4, ROWS: 4, KEYS: 4 },
    uniforms: { params: { maps: 1, t: 10, blocks: 3, tiles: 3, start: 1, length: 11 } },
    inputs: {},
    outputs: { classes: 9 },
    workgroups: [3, 3, 1],
  },
  // Every tile is listed, so that every entry is written.
  "attention/block-map/list": {
    constants: { WORKGROUP: 2 },
    uniforms: { params: { rows: 4, tiles: 3 } },
    inputs: { classes: Uint32Array.from([1, 2, 1, 2, 2, 2, 1, 1, 1, 2, 1, 2]) },
    outputs: { tileMap: 16 },
    workgroups: [2, 1, 1],
  },
};
