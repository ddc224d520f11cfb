import type { CrossBlockWeights, CrossWeights } from "../blocks/cross-block.ts";
import type { EncoderBlockWeights } from "../blocks/encoder-block.ts";
import type { Norm } from "../blocks/norm.ts";
import type { Checkpoint } from "../models/checkpoint.ts";
import type { AnyLayerSources, CrossSources, EncoderDecoderSources, StackSources } from "../models/seq2seq/family.ts";
import type { StackWeights } from "../models/seq2seq/stack-weights.ts";
import type { EncoderDecoderWeights } from "../models/seq2seq/weights.ts";
import { type Found, ofLayer, ofLinear, ofNorm, type Parameter, parametersIn } from "./parameter-parts.ts";

const ofCross = (sources: CrossSources, norm: Norm, { q, k, v, output }: CrossWeights): Found[] => [
  ...ofNorm(sources.norm, sources.normBias, norm),
  ...ofLinear(sources.q, sources.qBias, q),
  ...ofLinear(sources.k, sources.kBias, k),
  ...ofLinear(sources.v, sources.vBias, v),
  ...ofLinear(sources.output, sources.outputBias, output),
];

/** What comes before and after the layers of a stack. */
const ofStack = (sources: StackSources, layers: readonly Found[], { positions, stored, ...norms }: StackWeights) => [
  [sources.positions, positions] as const,
  ...ofNorm(sources.embeddingNorm, sources.embeddingNormBias, norms.embeddingNorm),
  [sources.relativeBias, stored.buckets] as const,
  ...layers,
  ...ofNorm(sources.finalNorm, sources.finalNormBias, stored.finalNorm),
];

/**
 * The parameters of an encoder-decoder, each tensor of the checkpoint once: a head that is the embedding, and an embedding
 * of both stacks, are no parameters of their own. Tables of buckets and norms with a factor are those that are stored, and
 * not what is made of them.
 */
export function parametersOfEncoderDecoder(
  { outer, layers }: Checkpoint<EncoderDecoderSources, AnyLayerSources>,
  { encoder, decoder, head }: EncoderDecoderWeights,
): Parameter[] {
  const encoderLayers = layers
    .slice(0, encoder.blocks.length)
    .flatMap((layer, i) => ofLayer(layer, encoder.blocks[i] as EncoderBlockWeights));
  const decoderLayers = layers.slice(encoder.blocks.length).flatMap((layer, i) => {
    const block = decoder.blocks[i] as CrossBlockWeights;
    return ofLayer(layer, block, "cross" in layer ? ofCross(layer.cross, block.crossNorm, block.cross) : []);
  });
  return parametersIn([
    [outer.sourceEmbedding, outer.sourceEmbedding && encoder.embedding],
    [outer.embedding, decoder.embedding],
    ...ofStack(outer.encoder, encoderLayers, encoder),
    ...ofStack(outer.decoder, decoderLayers, decoder),
    [outer.head, head.weight],
    [outer.headBias, head.bias],
  ]);
}
