import type { BlockWeights } from "../blocks/transformer-block.ts";
import type { Checkpoint } from "../models/checkpoint.ts";
import type { DecoderWeights } from "../models/weights.ts";
import { type Found, ofLayer, ofLinear, ofNorm, type Parameter, parametersIn } from "./parameter-parts.ts";

export type { Parameter } from "./parameter-parts.ts";

/**
 * The parameters of a decoder in the order of its layers, each tensor of the checkpoint once: a head that is the embedding
 * is no parameter of its own. All experts of a layer are one parameter for gates and ups, named `label` of their source,
 * and one for downs.
 */
export function parametersOf({ outer, layers }: Checkpoint, weights: DecoderWeights): Parameter[] {
  const found: Found[] = [
    [outer.embedding, weights.embedding],
    [outer.positions, weights.positions],
    ...layers.flatMap((layer, i) => ofLayer(layer, weights.blocks[i] as BlockWeights)),
    ...ofNorm(outer.norm, outer.normBias, weights.norm),
    ...ofLinear(outer.head, undefined, outer.head ? weights.head : undefined),
  ];
  return parametersIn(found);
}
