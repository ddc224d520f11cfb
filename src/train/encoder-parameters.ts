import type { Checkpoint } from "../models/checkpoint.ts";
import type { EncoderLayerSources, EncoderSources } from "../models/encoders/family.ts";
import type { HeadKind, HeadSources } from "../models/encoders/heads/head.ts";
import type { HeadWeights } from "../models/encoders/heads/weights.ts";
import type { EncoderWeights } from "../models/encoders/weights.ts";
import { type Found, ofLayer, ofLinear, ofNorm, type Parameter, parametersIn } from "./parameter-parts.ts";

/** A head; one that predicts tokens may have the embedding for its output, of which only a bias is its own. */
const ofHead = (sources: HeadSources, head?: HeadWeights): Found[] => [
  ...ofLinear(sources.dense, sources.denseBias, head?.dense),
  ...ofNorm(sources.norm, sources.normBias, head?.norm),
  ...ofLinear(sources.output, sources.outputBias, head?.output),
];

/**
 * The parameters of an encoder in the order of its layers, each tensor of the checkpoint once, those of its heads last. A
 * table of buckets is one as it is stored, and not what is made of it.
 */
export function parametersOfEncoder(
  { outer, layers }: Checkpoint<EncoderSources, EncoderLayerSources>,
  weights: EncoderWeights,
): Parameter[] {
  return parametersIn([
    [outer.embedding, weights.embedding],
    [outer.positions, weights.positions],
    [outer.types, weights.types],
    ...ofNorm(outer.embeddingNorm, outer.embeddingNormBias, weights.embeddingNorm),
    [outer.relativeBias, weights.buckets],
    ...layers.flatMap((layer, i) => ofLayer(layer, weights.blocks[i] as EncoderWeights["blocks"][number])),
    ...ofNorm(outer.finalNorm, outer.finalNormBias, weights.finalNorm),
    ...Object.entries(outer.heads ?? {}).flatMap(([kind, head]) => ofHead(head, weights.heads[kind as HeadKind])),
  ]);
}
