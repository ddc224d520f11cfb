import { bufferRefusal } from "./definition.ts";
import { runFlash } from "./flash-kernel.ts";
import { tilesRefusal } from "./flash-tiles.ts";
import { type AttentionVariant, attentionProblem } from "./options.ts";

/**
 * Flash whose blocks are the query heads of one key and value head, so that a tile of keys serves all of them (pack_gqa of
 * FlashAttention 3): as many times fewer reads of k and v as there are heads to a group. For few queries of grouped heads.
 */
export const packed: AttentionVariant = {
  accepts: (tensors, options) => tilesRefusal(tensors, options) ?? bufferRefusal(4, tensors, options),
  record: (gpu, tensors, options) => runFlash(gpu, tensors, { ...attentionProblem(tensors, options), packed: true }),
};
