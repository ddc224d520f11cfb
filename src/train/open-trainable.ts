import type { FileSource } from "../formats/source.ts";
import { type ModelFolder, readModelFolder } from "../generate/model-folder.ts";
import type { Gpu } from "../gpu/gpu.ts";
import type { Decoder } from "../models/decoder.ts";
import { type LoadOptions, uploadWeights } from "../models/weights.ts";
import { type Parameter, parametersOf } from "./parameters.ts";

/** A model whose weights are on the device as f32, so that steps can change them. */
export interface Trainable {
  readonly folder: ModelFolder;
  readonly decoder: Decoder;
  readonly parameters: readonly Parameter[];
  dispose(): void;
}

/**
 * Reads a decoder's folder and uploads its weights as f32, whatever they are stored in.
 *
 * @throws FormatError for a file that is missing or invalid.
 */
export async function openTrainable(
  gpu: Gpu,
  source: FileSource,
  options: Pick<LoadOptions, "onProgress" | "onWarning" | "signal"> = {},
): Promise<Trainable> {
  const folder = await readModelFolder(source);
  const { config, weights: stored, checkpoint, warnings } = folder;
  for (const warning of warnings) (options.onWarning ?? console.warn)(warning);
  const weights = await uploadWeights(gpu, stored, checkpoint, config, { ...options, dtype: "f32" });
  try {
    const parameters = parametersOf(checkpoint, weights);
    return { folder, decoder: { gpu, config, weights }, parameters, dispose: () => weights.dispose() };
  } catch (error) {
    weights.dispose();
    throw error;
  }
}
