import { bufferRefusal } from "./definition.ts";
import { runFlash } from "./flash-kernel.ts";
import { tilesRefusal } from "./flash-tiles.ts";
import { type AttentionVariant, attentionProblem } from "./options.ts";

/**
 * Flash whose blocks are the query heads of one key and value head, so that they share each tile of keys (pack_gqa of
 * FlashAttention 3): reads of k and v are fewer by the number of heads in a group. Choose it for few queries of grouped
 * heads.
 */
export const packed: AttentionVariant = {
  accepts: (tensors, options) => tilesRefusal(tensors, options) ?? bufferRefusal(4, tensors, options),
  record: (gpu, tensors, options) => runFlash(gpu, tensors, { ...attentionProblem(tensors, options), packed: true }),
};
