// The tiles that masks with holes leave for the gradients, by blocks of queries and by tiles of keys.
import type { Gpu } from "../../../gpu/gpu.ts";
import type { Tensor } from "../../../tensor/tensor.ts";
import { transpose } from "../../../tensor/views.ts";
import { contiguous } from "../../layout/contiguous.ts";
import { classify, list } from "../block-map.ts";
import { attentionBindings } from "../definition.ts";
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
 * of a range, since a map would leave out no more tiles, nor where the device has no buffer left for it: all tiles of the
 * mask's range are visited then. They are made anew in each call, because a mask's tensors may change between two, and take
 * a call of the mask a pair.
 */
export function tileMaps(
  gpu: Gpu,
  { q, k }: Pick<AttentionBackwardTensors, "q" | "k">,
  problem: BackwardProblem,
): TileMaps {
  const buffers = ownBuffers + 1 + Object.keys(attentionBindings(problem, pairParts)).length;
  if (maskMod(problem.mask).closed || buffers > gpu.limits.storageBuffers) return {};
  const [b = 0, h = 0, t = 0] = q.shape;
  const { needs } = problem;
  const shape = { b, h, t, s: k.shape[2] ?? 0, tiles: { ROWS, KEYS } };
  using scope = gpu.scope();
  const { classes } = classify(gpu, {}, { ...writing(problem), shape });
  const listed = (of: Tensor) => scope.keep(list(gpu, { classes: of }, { listed: undefined }).tileMap);
  return {
    ofQueries: needs.q ? listed(classes) : undefined,
    ofKeys: needs.k || needs.v ? listed(contiguous(gpu, { x: transpose(classes, [0, 1, 3, 2]) }).y) : undefined,
  };
}
