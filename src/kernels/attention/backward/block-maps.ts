// The tiles that masks with holes leave for the gradients, by blocks of queries and by tiles of keys.
import type { Gpu } from "../../../gpu/gpu.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { transpose } from "../../../tensor/views.ts";
import { contiguous } from "../../layout/contiguous.ts";
import { madeOnce } from "../../once.ts";
import { classify, list } from "../block-map.ts";
import { attentionBindings } from "../definition.ts";
import { isRagged } from "../layouts.ts";
import { maskMod } from "../masks/mask.ts";
import { writing } from "../options.ts";
import { KEYS, ROWS } from "./flash-tiles.ts";
import { ownBuffers, pairParts } from "./fused.ts";
import type { AttentionBackwardTensors, BackwardProblem } from "./options.ts";

/** Maps as `blockMap` makes them: of the tiles of keys of each block of queries, and of the blocks of each tile. */
export interface TileMaps {
  readonly ofQueries?: Tensor | undefined;
  readonly ofKeys?: Tensor | undefined;
}

/**
 * The tiles that the mask does not empty, for the gradients that are wanted. None for a mask of which a query sees all keys
 * of a range, since a map would leave out no more tiles, nor for sequences that share a row, nor where the device has no
 * buffer left for it: all tiles of the mask's range are visited then. They take a call of the mask a pair. A recording has them once for all of its calls with the
 * same mask, forward ones with such tiles among them, as long as nothing writes its tensors in between (`madeOnce`);
 * outside of one they are made anew in each call, because a mask's tensors may change between two.
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
