import type { CacheOptions } from "../blocks/kv-cache/cache.ts";
import type { FileSource } from "../formats/source.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { resolveCache } from "../models/cache.ts";
import { checkRequirements } from "../models/requirements.ts";
import { type LoadOptions, uploadWeights } from "../models/weights.ts";
import { tokensAhead } from "./chunks.ts";
import { contextOf } from "./context.ts";
import { LanguageModel } from "./language-model.ts";
import { readModelFolder } from "./model-folder.ts";
import { quantisationName } from "./quantisation.ts";

export { planLoad } from "./plan-load.ts"; // what it needs, a load needs

/** Options of `loadModel`. */
export interface ModelOptions extends LoadOptions {
  /** Longest sequence in tokens, up to the model's own limit; default that limit, at most 4096. */
  readonly context?: number | undefined;
  /** How sessions keep keys and values; default f32, with room for the whole context. */
  readonly cache?: CacheOptions | undefined;
  /** The text of a chat template in Jinja, in place of the folder's own. */
  readonly chatTemplate?: string | undefined;
  /** True uses what `tune` stored of the device, as `useTuned` does. Default false. */
  readonly tuned?: boolean | undefined;
}

/** Reads and checks a model's files, and uploads its weights: all that `loadModel` does with a source. Throws as it does. */
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
