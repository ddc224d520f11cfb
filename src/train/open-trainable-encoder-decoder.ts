import type { FileSource } from "../formats/source.ts";
import { openFrom } from "../generate/opening.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { EncoderDecoderConfig } from "../models/seq2seq/config.ts";
import type { EncoderDecoderModel } from "../models/seq2seq/encoder-decoder.ts";
import { uploadEncoderDecoder } from "../models/seq2seq/weights.ts";
import { belowOne, checkOptions, fieldsOf } from "../options/checks.ts";
import type { SequenceDefaults } from "../seq2seq/defaults.ts";
import { readSequenceFolder } from "../seq2seq/read-encoder-decoder.ts";
import type { SequenceTokenizers } from "../seq2seq/tokenizers.ts";
import { parametersOfEncoderDecoder } from "./encoder-decoder-parameters.ts";
import { encoderDecoderObjective, type PairLossOptions } from "./objectives/encoder-decoder.ts";
import type { PairBatch } from "./objectives/pair-batch.ts";
import { named, type TrainableModel, type TrainableOptions, trainableChecks } from "./open-trainable.ts";
import type { Parameter } from "./parameters.ts";
import { trainedFolder } from "./trained-folder.ts";

/** An encoder-decoder that steps can change: T5, BART, Marian or the Transformer of 2017. */
export interface TrainableEncoderDecoder extends TrainableModel<PairBatch> {
  readonly config: EncoderDecoderConfig;
  /** Of sources, and of targets. */
  readonly tokenizers: SequenceTokenizers;
  /**
   * What the files say of how it generates: `ids` of a batch begin with the token `start`, and a target ends with the first of
   * `eos`; it begins with `forcedFirst`, where there is one.
   */
  readonly defaults: SequenceDefaults;
  /** Its settings and weights on the device; what is made of weights that train, such as T5's bias by distance, is as it was read. */
  readonly model: EncoderDecoderModel;
}

/** How an encoder-decoder is opened for training. */
export interface TrainableEncoderDecoderOptions extends TrainableOptions, PairLossOptions {}

const fields = fieldsOf<TrainableEncoderDecoderOptions>({ ...trainableChecks, labelSmoothing: belowOne });

/**
 * Reads the folder of an encoder-decoder and uploads its weights as f32, 4 bytes each, to be trained on pairs of a source
 * and a target by teacher forcing. `from` is as for `loadEncoderDecoder`.
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
