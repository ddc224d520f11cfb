import { layoutRecord } from "../kv-cache/layouts.ts";
import { keptBlockMap } from "./block-map.ts";
import { bufferRefusal } from "./definition.ts";
import { runFlash } from "./flash-kernel.ts";
import { tilesRefusal } from "./flash-tiles.ts";
import { type AttentionVariant, attentionProblem } from "./options.ts";

/** Tiles of queries and keys with an online softmax (Dao 2023): the scores never reach memory. For many queries. */
export const flash: AttentionVariant = {
  accepts: (tensors, options) => tilesRefusal(tensors, options) ?? bufferRefusal(4, tensors, options),
  record: (gpu, tensors, options) => runFlash(gpu, tensors, attentionProblem(tensors, options)),
};

/**
 * Flash over the tiles that a map lists (FlexAttention's block mask): tiles that the mask empties are never visited,
 * wherever they are, and tiles that it fills are not tested. For masks with holes; making the map takes a further
 * kernel.
 */
export const flashBlocks: AttentionVariant = {
  accepts: (tensors, options) => {
    const { name, inOrder } = layoutRecord(options.layout ?? "contiguous");
    if (!inOrder) return `its map of tiles takes no ${name} layout`;
    return tilesRefusal(tensors, options) ?? bufferRefusal(5, tensors, options);
  },
  record: (gpu, tensors, options) =>
    runFlash(gpu, tensors, attentionProblem(tensors, options), keptBlockMap(gpu, tensors, options)),
};

/**
 * Flash whose blocks are the query heads of one key and value head, so that they share each tile of keys (pack_gqa of
 * FlashAttention 3): reads of k and v are fewer by the number of heads in a group. Choose it for few queries of grouped
 * heads.
 */
export const flashPacked: AttentionVariant = {
  accepts: (tensors, options) => tilesRefusal(tensors, options) ?? bufferRefusal(4, tensors, options),
  record: (gpu, tensors, options) => runFlash(gpu, tensors, { ...attentionProblem(tensors, options), packed: true }),
};
