import type { CacheOptions } from "../../blocks/kv-cache/cache-options.ts";
import type { FileSource } from "../../formats/source.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { resolveCache } from "../../models/decoders/cache.ts";
import { checkRequirements } from "../../models/requirements.ts";
import { type LoadOptions, uploadWeights } from "../../models/weights/weights.ts";
import { LanguageModel } from "../language-model.ts";
import { tokensAhead } from "../session/chunks.ts";
import { contextOf } from "./context.ts";
import { readModelFolder } from "./model-folder.ts";
import { quantisationName } from "./quantisation.ts";

export { planLoad } from "./plan-load.ts"; // a load needs all of it too

/** Options of `loadModel`. */
export interface ModelOptions extends LoadOptions {
  /**
   * Longest sequence in tokens, up to the model's own limit.
   * @defaultValue that limit, at most 4096
   */
  readonly context?: number | undefined;
  /**
   * How sessions keep keys and values.
   * @defaultValue `{}`
   */
  readonly cache?: CacheOptions | undefined;
  /**
   * The text of a chat template in Jinja, in place of the folder's own. One that is not valid is refused at once.
   * @defaultValue the folder's
   */
  readonly chatTemplate?: string | undefined;
  /**
   * True uses what `tune` stored of the device, as `useTuned` does.
   * @defaultValue false
   */
  readonly tuned?: boolean | undefined;
}

/** Reads and checks a model's files, and uploads its weights: `loadModel` for an open source. Throws as it does. */
export async function readModel(gpu: Gpu, source: FileSource, options: ModelOptions): Promise<LanguageModel> {
  const folder = await readModelFolder(source, options);
  const { config, tokenizer, chatTemplate, defaults, weights, checkpoint, warnings } = folder;
  const context = contextOf(config, options.context);
  const cache = resolveCache(config, options.cache);
  checkRequirements(gpu, config, context, 1, cache, tokensAhead(gpu, config));
  for (const warning of warnings) (options.onWarning ?? console.warn)(warning);
  const files = new Set([...weights.tensors.values()].map(({ file }) => file));
  await source.prepare?.([...files], { signal: options.signal });
  const uploaded = await uploadWeights(gpu, weights, checkpoint, config, options);
  const stored = {
    quantisation: quantisationName(weights, folder.quantisation, options),
    fileBytes: weights.bytes,
  };
  const decoder = { gpu, config, weights: uploaded };
  return new LanguageModel(source.name, decoder, tokenizer, chatTemplate, defaults, context, cache, stored);
}
