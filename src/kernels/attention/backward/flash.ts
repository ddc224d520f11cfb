import blocksMap from "#shaders/attention/backward/blocks/map.wgsl";
import keysSource from "#shaders/attention/backward/flash-kv.wgsl";
import queriesSource from "#shaders/attention/backward/flash-q.wgsl";
import type { Gpu } from "../../../gpu/gpu.ts";
import { constantsOf, type Shader } from "../../../gpu/shader/specialise.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { transpose } from "../../../tensor/views.ts";
import { defineKernel } from "../../define/kernel.ts";
import { madeOnce } from "../../define/once.ts";
import type { Variant } from "../../define/op.ts";
import { contiguous } from "../../layout/contiguous.ts";
import { classify, list } from "../block-map.ts";
import {
  attentionBindings,
  blocksOf,
  bySequence,
  type Figures,
  knowsTiles,
  visibleKeys,
  visiblePairs,
} from "../definition.ts";
import { visitedTiles } from "../flash-kernel.ts";
import { isRagged } from "../layouts.ts";
import { maskMod } from "../masks/mask.ts";
import { writing } from "../options.ts";
import { KEYS, ROWS, RUN } from "./flash-tiles.ts";
import {
  type Axes,
  fusedRefusal,
  type Given,
  into,
  keysAndValues,
  mapped,
  ofProducts,
  ownBuffers,
  pairParts,
  recordFused,
  slotsOf,
  type TiledProblem,
  tiled,
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

/** How often a row of a gradient is stored, and read again, for this many tiles. */
function storedTimes(tiles: number): number {
  const runs = Math.max(1, Math.ceil(tiles / RUN));
  return 2 * runs - 1;
}

/**
 * Tiles of queries and keys without weights in memory, in two kernels without atomics (Dao et al. 2022, appendix B.4):
 * for dq a workgroup goes over the keys of a block of queries, for dk and dv one goes over the queries of a tile of
 * keys and the heads that read it. Under a mask with holes both visit the tiles that it does not empty, and no others.
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

// The tiles that masks with holes leave for the gradients, by blocks of queries and by tiles of keys.

/** Maps as `blockMap` makes them: of the tiles of keys of each block of queries, and of the blocks of each tile. */
interface TileMaps {
  readonly ofQueries?: Tensor | undefined;
  readonly ofKeys?: Tensor | undefined;
}

/**
 * The tiles that the mask does not empty, for the gradients that are wanted. There is no map, and all tiles of the
 * mask's range are visited, where queries see all keys of the range, since a map would leave out no more tiles; where
 * sequences share a row; and where the device has no buffer left for it. A map takes one call of the mask per pair. A
 * recording makes it once for all its calls with the same mask, forward ones with such tiles included, as long as
 * nothing writes the mask's tensors in between (`madeOnce`); outside of one each call makes it, because a mask's
 * tensors may change.
 */
export function tileMaps(
  gpu: Gpu,
  { q, k }: Pick<AttentionBackwardTensors, "q" | "k">,
  problem: BackwardProblem,
): TileMaps {
  const buffers = ownBuffers + 1 + Object.keys(attentionBindings(problem, pairParts)).length;
  if (maskMod(problem.mask).closed || isRagged(problem.place) || buffers > gpu.limits.storageBuffers) return {};
  const [b = 0, h = 0, t = 0] = q.shape;
  const { needs, scoreTensors } = problem;
  const shape = { b, h, t, s: k.shape[2] ?? 0, tiles: { ROWS, KEYS } };
  using scope = gpu.scope();
  const byQueries = needs.q || scoreTensors.some(({ entries }) => entries);
  const byKeys = needs.k || needs.v;
  if (!byQueries && !byKeys) return {};
  const { classes } = madeOnce(gpu, () => classify(gpu, {}, { ...writing(problem), shape }));
  const listed = (of: Tensor) =>
    scope.keep(madeOnce(gpu, () => list(gpu, { classes: of }, { listed: undefined })).tileMap);
  const exchanged = () => madeOnce(gpu, () => contiguous(gpu, { x: transpose(classes, [0, 1, 3, 2]) })).y;
  return { ofQueries: byQueries ? listed(classes) : undefined, ofKeys: byKeys ? listed(exchanged()) : undefined };
}
