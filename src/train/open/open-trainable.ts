import { FormatError } from "../../formats/format-error.ts";
import type { FileSource } from "../../formats/source.ts";
import { type ModelFolder, readModelFolder } from "../../generate/load/model-folder.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../../generate/load/opening.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import type { Decoder } from "../../models/decoders/decoder.ts";
import { modelKind } from "../../models/model-kind.ts";
import { type LoadOptions, uploadWeights } from "../../models/weights/weights.ts";
import { type Checks, callback, checkOptions, fieldsOf } from "../../options/checks.ts";
import { decoderObjective } from "../objectives/decoder.ts";
import type { Objective } from "../objectives/objective.ts";
import type { TokenBatch } from "../objectives/token-batches.ts";
import { type Parameter, parametersOf } from "./parameters.ts";
import { type TrainedFolder, trainedFolder } from "./trained-folder.ts";

/** The functions of `shaderformer/train` for models of other kinds. */
const others = { encoder: "openTrainableEncoder", "encoder-decoder": "openTrainableEncoderDecoder" } as const;

/** Throws `FormatError` for a model of another kind, naming the function that trains it. */
export async function assertDecoder(source: FileSource): Promise<void> {
  const { kind, type } = await modelKind(source);
  if (kind === "decoder") return;
  const which = type === undefined ? "" : ` (${type})`;
  throw new FormatError(
    source.name,
    `holds an ${kind}${which}, expected a decoder; ${others[kind]} of shaderformer/train trains it`,
  );
}

/** A trainable model: its weights, or those of its adapter, are on the device as f32. */
export interface TrainableModel<B> {
  /** Its training objective and batches. */
  readonly objective: Objective<B>;
  /** The trained parameters, each tensor of the checkpoint once. */
  readonly parameters: readonly Parameter[];
  /** Plans the folder of the trained model, with its current parameters, or others under the same names. */
  readonly writing: (parameters?: readonly Parameter[]) => TrainedFolder | Promise<TrainedFolder>;
  /** Frees the weights. */
  dispose(): void;
}

/** A trainable decoder. */
export interface Trainable extends TrainableModel<TokenBatch> {
  /** The model's files as read, including `folder.tokenizer`. */
  readonly folder: ModelFolder;
  readonly decoder: Decoder;
}

/** How a model is opened for training. */
export interface TrainableOptions extends OpeningOptions, Pick<LoadOptions, "onProgress"> {}

/** The checks of {@link TrainableOptions}. */
export const trainableChecks: Checks<TrainableOptions> = { ...openingChecks, onProgress: callback };
const fields = fieldsOf<TrainableOptions>(trainableChecks);

/**
 * Reads a decoder's folder and uploads its weights as f32, 4 bytes each, whether stored as f32, f16 or bf16. `from` is
 * as for `loadModel`, or a fresh folder of `freshFolder`.
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

/** Parameters, replaced by those of the same names in `others`. */
export function named(parameters: readonly Parameter[], others: readonly Parameter[] = []): readonly Parameter[] {
  const found = new Map(others.map((parameter) => [parameter.name, parameter]));
  return parameters.map((parameter) => found.get(parameter.name) ?? parameter);
}
