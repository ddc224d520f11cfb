import type { CacheOptions } from "../blocks/kv-cache/cache.ts";
import { openFolder } from "../formats/folder.ts";
import type { FileSource } from "../formats/source.ts";
import { openUrl } from "../formats/url.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { resolveCache } from "../models/cache.ts";
import { checkRequirements } from "../models/requirements.ts";
import { type LoadOptions, uploadWeights } from "../models/weights.ts";
import { tokensAhead } from "./chunks.ts";
import { LanguageModel } from "./language-model.ts";
import { readModelFolder } from "./model-folder.ts";

/** Options of `loadModel`. */
export interface ModelOptions extends LoadOptions {
  /** Longest sequence in tokens, up to the model's own limit; default that limit, at most 4096. */
  readonly context?: number | undefined;
  /** How sessions keep keys and values; default f32, with room for the whole context. */
  readonly cache?: CacheOptions | undefined;
  /**
   * Called with each thing in the files that has no effect, such as a tensor that nothing reads, with its file and name;
   * default `console.warn`.
   */
  readonly onWarning?: ((warning: string) => void) | undefined;
}

/** The default context is at most this: a contiguous cache is allocated for all of it. */
const defaultContext = 4096;

/**
 * Loads a Hugging Face folder (`config.json`, `model.safetensors` or its shards, `tokenizer.json`, and if present
 * `tokenizer_config.json`, `generation_config.json` and a chat template): a path in Node, a URL in Node and pages, or
 * any `FileSource`. Throws `FormatError`, `TextError` or `GpuError`, before anything large is read or allocated, when the
 * files do not fit one another or the device.
 */
export async function loadModel(
  gpu: Gpu,
  from: string | FileSource,
  options: ModelOptions = {},
): Promise<LanguageModel> {
  const source =
    typeof from !== "string" ? from : /^(https?:|blob:)/.test(from) ? openUrl(from) : await openFolder(from);
  const { config, tokenizer, chatTemplate, defaults, weights, checkpoint, warnings } = await readModelFolder(source);
  const context = Math.min(options.context ?? Math.min(config.context, defaultContext), config.context);
  if (!Number.isInteger(context) || context < 1)
    throw new RangeError(`context is ${options.context}, expected a positive integer`);
  const cache = resolveCache(config, options.cache);
  checkRequirements(gpu, config, context, 1, cache, tokensAhead(gpu, config));
  for (const warning of warnings) (options.onWarning ?? console.warn)(warning);
  const uploaded = await uploadWeights(gpu, weights, checkpoint, config, options);
  const decoder = { gpu, config, weights: uploaded };
  return new LanguageModel(source.name, decoder, tokenizer, chatTemplate, defaults, context, cache);
}
