import type { FileSource } from "../formats/source.ts";
import { type ModelFolder, readModelFolder } from "../generate/model-folder.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../generate/opening.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Decoder } from "../models/decoder.ts";
import { type LoadOptions, uploadWeights } from "../models/weights.ts";
import { type Checks, callback, checkOptions, fieldsOf } from "../options/checks.ts";
import { assertDecoder } from "./assert-decoder.ts";
import { decoderObjective } from "./objectives/decoder.ts";
import type { Objective } from "./objectives/objective.ts";
import type { TokenBatch } from "./objectives/token-batches.ts";
import { type Parameter, parametersOf } from "./parameters.ts";
import { type TrainedFolder, trainedFolder } from "./trained-folder.ts";

/** A model that steps can change: its weights are on the device as f32, or it has an adapter that is. */
export interface TrainableModel<B> {
  /** What it is trained to do, and on which batches. */
  readonly objective: Objective<B>;
  /** What steps change, each tensor of the checkpoint once. */
  readonly parameters: readonly Parameter[];
  /** Plans the folder of what was trained, of its parameters as they are, or of others of these names. */
  readonly writing: (parameters?: readonly Parameter[]) => TrainedFolder | Promise<TrainedFolder>;
  /** Frees the weights. */
  dispose(): void;
}

/** A decoder that steps can change. */
export interface Trainable extends TrainableModel<TokenBatch> {
  /** The model's files as they were read, `folder.tokenizer` among them. */
  readonly folder: ModelFolder;
  readonly decoder: Decoder;
}

/** How a model is opened for training. */
export interface TrainableOptions extends OpeningOptions, Pick<LoadOptions, "onProgress"> {}

/** The checks of {@link TrainableOptions}. */
export const trainableChecks: Checks<TrainableOptions> = { ...openingChecks, onProgress: callback };
const fields = fieldsOf<TrainableOptions>(trainableChecks);

/**
 * Reads a decoder's folder and uploads its weights as f32, 4 bytes each, whatever they are stored in: f32, f16 or bf16.
 * `from` is as for `loadModel`, a fresh folder of `freshFolder` included.
 *
 * @throws FormatError for a file that is missing or invalid, and the reason of `signal` once it aborts.
 */
export async function openTrainable(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: TrainableOptions = {},
): Promise<Trainable> {
  checkOptions("openTrainable", fields, options);
  const { onWarning = console.warn } = options;
  const source = await openFrom("openTrainable", from, options);
  await assertDecoder(source);
  const folder = await readModelFolder(source);
  const { config, weights: stored, checkpoint, warnings } = folder;
  for (const warning of warnings) onWarning(warning);
  const weights = await uploadWeights(gpu, stored, checkpoint, config, { ...options, dtype: "f32" });
  try {
    const parameters = parametersOf(checkpoint, weights);
    const writing = (given?: readonly Parameter[]) =>
      trainedFolder(source, { folder, parameters: named(parameters, given) });
    const decoder = { gpu, config, weights };
    const objective = decoderObjective(decoder);
    return { folder, decoder, objective, parameters, writing, dispose: () => weights.dispose() };
  } catch (error) {
    weights.dispose();
    throw error;
  }
}

/** Parameters, those of the same names in `others` in their place. */
export function named(parameters: readonly Parameter[], others: readonly Parameter[] = []): readonly Parameter[] {
  const found = new Map(others.map((parameter) => [parameter.name, parameter]));
  return parameters.map((parameter) => found.get(parameter.name) ?? parameter);
}
