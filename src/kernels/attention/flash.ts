import { bufferRefusal } from "./definition.ts";
import { runFlash } from "./flash-kernel.ts";
import { tilesRefusal } from "./flash-tiles.ts";
import { type AttentionVariant, attentionProblem } from "./options.ts";

/** Tiles of queries and keys with an online softmax (Dao 2023): the scores never reach memory. For many queries. */
export const flash: AttentionVariant = {
  accepts: (tensors, options) => tilesRefusal(tensors, options) ?? bufferRefusal(4, tensors, options),
  record: (gpu, tensors, options) => runFlash(gpu, tensors, attentionProblem(tensors, options)),
};
