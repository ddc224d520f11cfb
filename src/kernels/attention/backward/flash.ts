import blocksMap from "#shaders/attention/backward/blocks/map.wgsl";
import keysSource from "#shaders/attention/backward/flash-kv.wgsl";
import queriesSource from "#shaders/attention/backward/flash-q.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import type { Shader } from "../../../gpu/specialise.ts";
import { constantsOf } from "../../../gpu/specialise.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { defineKernel } from "../../kernel.ts";
import type { Variant } from "../../op.ts";
import { blocksOf, bySequence, type Figures, knowsTiles, visibleKeys, visiblePairs } from "../definition.ts";
import { visitedTiles } from "../flash-kernel.ts";
import { isRagged } from "../layouts.ts";
import { tileMaps } from "./block-maps.ts";
import { KEYS, ROWS, RUN } from "./flash-tiles.ts";
import {
  type Axes,
  fusedRefusal,
  type Given,
  into,
  keysAndValues,
  ofProducts,
  recordFused,
  slotsOf,
  valuesFrom,
} from "./fused.ts";
import type {
  AttentionBackwardOptions,
  AttentionBackwardTensors,
  AttentionGradients,
  BackwardProblem,
} from "./options.ts";
import { fusedScores } from "./score-gradients.ts";
import { viewFields } from "./stats.ts";
import { mapped, type TiledProblem, tiled } from "./tiled.ts";

const queries = defineKernel({
  name: "attention/backward/flash-q",
  source: queriesSource,
  ...tiled(),
  outputs: { dq: "[b, h, t, d]" },
  params: ({ h, g, t }: Axes, { start, length, scale }: TiledProblem, context) => ({
    h,
    g,
    t,
    start,
    length,
    scale,
    ...viewFields("dout", context),
  }),
  workgroups: ({ b, h, t }, { place }) => [blocksOf(place, t, ROWS), h, b],
  cost: bySequence((axes: Axes, problem: TiledProblem, _context, shader): Figures => {
    const { b, h, t, d, dv } = axes;
    const flops = (4 * d + 2 * dv) * visiblePairs(axes, problem);
    if (!knowsTiles(problem)) return { flops };
    const { DEPTH, COLUMN_THREADS } = constantsOf(shader, "DEPTH", "COLUMN_THREADS");
    let [executed, requested] = [0, 0];
    for (let row = 0; row < t; row += ROWS) {
      const tiles = visitedTiles(axes, problem, row, { ROWS, KEYS });
      const products = ofProducts(axes, shader);
      const staged = tiles.reduce((sum, keys) => sum + Math.ceil(keys / DEPTH) * DEPTH, 0);
      executed += tiles.length * products.executed + 2 * ROWS * staged * paddedColumns(axes, shader);
      requested += tiles.length * products.requested + 4 * d * staged + 8 * ROWS * COLUMN_THREADS;
      requested += 4 * d * Math.min(ROWS, t - row) * storedTimes(tiles.length);
    }
    return { flops, executedFlops: b * h * executed, requestedBytes: b * h * requested };
  }),
});

const keys = defineKernel({
  name: "attention/backward/flash-kv",
  source: keysSource,
  ...tiled(blocksMap),
  ...keysAndValues,
  params: ({ b, h, g, t, s, d }: Axes, { start, length, scale, place }: TiledProblem, context) => ({
    h,
    g,
    t,
    s,
    start,
    length,
    scale,
    dv_first: valuesFrom({ b, g, s, d }),
    unused: isRagged(place) ? 0 : s - length,
    ...viewFields("dout", context),
  }),
  workgroups: ({ b, g, s }, { place }) => [blocksOf(place, s, KEYS), g, b],
  cost: bySequence((axes: Axes, problem: TiledProblem, _context, shader): Figures => {
    const { b, h, g, t, d, dv } = axes;
    const s = slotsOf(axes, problem);
    const flops = (4 * d + 4 * dv) * visiblePairs(axes, problem);
    if (!knowsTiles(problem)) return { flops };
    const { DEPTH, THREAD_ROWS } = constantsOf(shader, "DEPTH", "THREAD_ROWS");
    const products = ofProducts(axes, shader);
    let [executed, requested] = [0, 0];
    for (let key = 0; key < s; key += KEYS) {
      let visits = 0; // of one query head
      for (let row = 0; row < t; row += ROWS) {
        const count = Math.min(ROWS, t - row);
        const [first, end] = visibleKeys(axes, problem, row, row + count - 1);
        if (first >= Math.min(key + KEYS, problem.length) || end <= key) continue;
        visits++;
        const staged = Math.ceil(count / DEPTH) * DEPTH;
        executed += (h / g) * (products.executed + 4 * KEYS * staged * paddedColumns(axes, shader));
        requested += (h / g) * (products.requested + 4 * (d + dv) * staged + 8 * ROWS * (KEYS / THREAD_ROWS));
      }
      requested += 4 * (d + dv) * Math.min(KEYS, s - key) * storedTimes((h / g) * visits);
    }
    return { flops, executedFlops: b * g * executed, requestedBytes: b * g * requested };
  }),
});

/** Columns of a gradient that the threads of a row add up. */
function paddedColumns({ d, dv }: Axes, shader: Shader): number {
  const { COLUMN_THREADS } = constantsOf(shader, "COLUMN_THREADS");
  return Math.ceil(Math.max(d, dv) / (4 * COLUMN_THREADS)) * 4 * COLUMN_THREADS;
}

/** How often a row of a gradient is stored, and read again, after so many tiles. */
function storedTimes(tiles: number): number {
  const runs = Math.max(1, Math.ceil(tiles / RUN));
  return 2 * runs - 1;
}

/**
 * Tiles of queries and keys without weights in memory, in two kernels without atomics (Dao et al. 2022, appendix B.4):
 * for dq a workgroup goes over the keys of a block of queries, for dk and dv one goes over the queries of a tile of keys
 * and the heads that read it. Under a mask with holes both visit the tiles that it does not empty, and no others.
 */
export const flash: Variant<AttentionBackwardTensors, AttentionBackwardOptions, AttentionGradients> = {
  accepts: fusedRefusal,
  record: (gpu, tensors, options) => {
    const kernelsFor = (problem: BackwardProblem) => {
      const { ofQueries, ofKeys } = tileMaps(gpu, tensors, problem);
      return {
        queries: (_: Gpu, given: Given, of: BackwardProblem, dq?: Tensor) =>
          queries(gpu, { ...given, tileMap: ofQueries }, into(mapped(of, ofQueries), { dq })),
        keys: (_: Gpu, given: Given, of: BackwardProblem, dkv?: Tensor) =>
          keys(gpu, { ...given, tileMap: ofKeys }, into(mapped(of, ofKeys), { dkv })),
        scores: (_: Gpu, given: Given, wanted: BackwardProblem) => fusedScores(gpu, given, wanted, ofQueries),
      };
    };
    return recordFused(gpu, kernelsFor, tensors, options);
  },
};
