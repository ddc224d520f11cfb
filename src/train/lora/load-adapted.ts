import type { FileSource } from "../../formats/source.ts";
import type { LanguageModel } from "../../generate/language-model.ts";
import { loading } from "../../generate/load-model.ts";
import { type ModelOptions, readModel } from "../../generate/read-model.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { adapt, modulesOf } from "./adapt.ts";
import { checkModules, type StoredAdapter } from "./adapter-folder.ts";

/**
 * Loads a model as `loadModel` does, with an adapter next to its weights, which stay as they are stored.
 *
 * @throws FormatError for an adapter that does not fit the model too.
 */
export async function loadAdapted(
  gpu: Gpu,
  from: FileSource,
  adapter: StoredAdapter,
  options: ModelOptions = {},
): Promise<LanguageModel> {
  return await loading(gpu, from, options, (source, signal) =>
    readModel(gpu, source, { ...options, signal }, (weights, folder) => {
      try {
        checkModules(adapter, modulesOf(folder));
        return adapt(gpu, weights, folder, adapter).weights;
      } catch (error) {
        weights.dispose();
        throw error;
      }
    }),
  );
}
