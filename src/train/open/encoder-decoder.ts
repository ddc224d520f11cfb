import type { CrossBlockWeights, CrossWeights } from "../../blocks/cross-block.ts";
import type { EncoderBlockWeights } from "../../blocks/encoder-block.ts";
import type { Norm } from "../../blocks/norm.ts";
import type { FileSource } from "../../formats/source.ts";
import { openFrom } from "../../generate/load/opening.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { EncoderDecoderConfig } from "../../models/seq2seq/config.ts";
import type { EncoderDecoderModel } from "../../models/seq2seq/encoder-decoder.ts";
import type {
  AnyLayerSources,
  CrossSources,
  EncoderDecoderSources,
  StackSources,
} from "../../models/seq2seq/family.ts";
import type { StackWeights } from "../../models/seq2seq/stack-weights.ts";
import { type EncoderDecoderWeights, uploadEncoderDecoder } from "../../models/seq2seq/weights.ts";
import type { Checkpoint } from "../../models/weights/checkpoint.ts";
import { belowOne, checkOptions, fieldsOf } from "../../options/checks.ts";
import type { SequenceDefaults } from "../../seq2seq/defaults.ts";
import { readSequenceFolder } from "../../seq2seq/read-encoder-decoder.ts";
import type { SequenceTokenizers } from "../../seq2seq/tokenizers.ts";
import { encoderDecoderObjective, type PairLossOptions } from "../objectives/encoder-decoder.ts";
import type { PairBatch } from "../objectives/pair-batch.ts";
import { named, type TrainableModel, type TrainableOptions, trainableChecks } from "./open-trainable.ts";
import { type Found, ofLayer, ofLinear, ofNorm, type Parameter, parametersIn } from "./parameters.ts";
import { trainedFolder } from "./trained-folder.ts";

/** A trainable encoder-decoder: T5, BART, Marian or the Transformer of 2017. */
export interface TrainableEncoderDecoder extends TrainableModel<PairBatch> {
  readonly config: EncoderDecoderConfig;
  /** For sources, and for targets. */
  readonly tokenizers: SequenceTokenizers;
  /**
   * The files' settings for generation: `ids` of a batch begin with the token `start`, and a target ends with the first
   * of `eos`; it begins with `forcedFirst`, if set.
   */
  readonly defaults: SequenceDefaults;
  /**
   * Its settings and weights on the device; values derived from trained weights, such as T5's bias by distance, stay as
   * first read.
   */
  readonly model: EncoderDecoderModel;
}

/** How an encoder-decoder is opened for training. */
export interface TrainableEncoderDecoderOptions extends TrainableOptions, PairLossOptions {}

const fields = fieldsOf<TrainableEncoderDecoderOptions>({ ...trainableChecks, labelSmoothing: belowOne });

/**
 * Reads the folder of an encoder-decoder and uploads its weights as f32, 4 bytes each, to be trained on pairs of a
 * source and a target by teacher forcing. `from` is as for `loadEncoderDecoder`.
 *
 * @throws FormatError or TextError for a file that is missing or invalid, and the reason of `signal` once it aborts.
 */
export async function openTrainableEncoderDecoder(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: TrainableEncoderDecoderOptions = {},
): Promise<TrainableEncoderDecoder> {
  checkOptions("openTrainableEncoderDecoder", fields, options);
  const { labelSmoothing, ...opening } = options;
  const source = await openFrom("openTrainableEncoderDecoder", from, opening);
  const { config, tokenizers, defaults, weights: stored, checkpoint } = await readSequenceFolder(source, opening);
  const weights = await uploadEncoderDecoder(gpu, stored, checkpoint, config, { ...opening, dtype: "f32" });
  try {
    const parameters = parametersOfEncoderDecoder(checkpoint, weights);
    const folder = { weights: stored, quantisation: undefined };
    const writing = (given?: readonly Parameter[]) =>
      trainedFolder(source, { folder, parameters: named(parameters, given) });
    const model = { gpu, config, weights };
    const objective = encoderDecoderObjective(model, { labelSmoothing });
    const dispose = () => weights.dispose();
    return { config, tokenizers, defaults, model, objective, parameters, writing, dispose };
  } catch (error) {
    weights.dispose();
    throw error;
  }
}

const ofCross = (sources: CrossSources, norm: Norm, { q, k, v, output }: CrossWeights): Found[] => [
  ...ofNorm(sources.norm, sources.normBias, norm),
  ...ofLinear(sources.q, sources.qBias, q),
  ...ofLinear(sources.k, sources.kBias, k),
  ...ofLinear(sources.v, sources.vBias, v),
  ...ofLinear(sources.output, sources.outputBias, output),
];

/** The weights before and after the layers of a stack. */
const ofStack = (sources: StackSources, layers: readonly Found[], { positions, stored, ...norms }: StackWeights) => [
  [sources.positions, positions] as const,
  ...ofNorm(sources.embeddingNorm, sources.embeddingNormBias, norms.embeddingNorm),
  [sources.relativeBias, stored.buckets] as const,
  ...layers,
  ...ofNorm(sources.finalNorm, sources.finalNormBias, stored.finalNorm),
];

/**
 * The parameters of an encoder-decoder, each tensor of the checkpoint once: a tied head, and an embedding shared by
 * both stacks, are no separate parameters. Bucket tables and norms with a factor are the stored ones, not those derived
 * from them.
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
