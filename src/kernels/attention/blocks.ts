import { layoutRecord } from "../kv-cache/layouts.ts";
import { keptBlockMap } from "./block-map.ts";
import { bufferRefusal } from "./definition.ts";
import { runFlash } from "./flash-kernel.ts";
import { tilesRefusal } from "./flash-tiles.ts";
import { type AttentionVariant, attentionProblem } from "./options.ts";

/**
 * Flash over the tiles that a map lists (FlexAttention's block mask): tiles that the mask empties are never visited,
 * wherever they are, and tiles that it fills are not tested. For masks with holes; making the map takes a further
 * kernel.
 */
export const blocks: AttentionVariant = {
  accepts: (tensors, options) => {
    const { name, inOrder } = layoutRecord(options.layout ?? "contiguous");
    if (!inOrder) return `its map of tiles takes no ${name} layout`;
    return tilesRefusal(tensors, options) ?? bufferRefusal(5, tensors, options);
  },
  record: (gpu, tensors, options) =>
    runFlash(gpu, tensors, attentionProblem(tensors, options), keptBlockMap(gpu, tensors, options)),
};
