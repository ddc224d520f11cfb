import type { CacheOptions } from "../blocks/kv-cache/cache.ts";
import { openFolder } from "../formats/folder.ts";
import { FormatError } from "../formats/format-error.ts";
import { type FileSource, readJson, readText } from "../formats/source.ts";
import { openUrl } from "../formats/url.ts";
import { openWeights } from "../formats/weights.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { readArchitecture } from "../models/architectures.ts";
import { resolveCache } from "../models/cache.ts";
import { checkRequirements } from "../models/requirements.ts";
import { type LoadOptions, loadWeights } from "../models/weights.ts";
import { loadChatTemplate } from "../text/chat-template.ts";
import { loadTokenizer } from "../text/tokenizer.ts";
import { tokensAhead } from "./chunks.ts";
import { LanguageModel } from "./language-model.ts";
import { readDefaults } from "./options.ts";

/** Options of `loadModel`. */
export interface ModelOptions extends LoadOptions {
  /** Longest sequence in tokens, up to the model's own limit; default that limit, at most 4096. */
  readonly context?: number | undefined;
  /** How sessions keep keys and values; default f32, with room for the whole context. */
  readonly cache?: CacheOptions | undefined;
}

/** The default context is at most this: a contiguous cache is allocated for all of it. */
const defaultContext = 4096;

/**
 * Loads a Hugging Face folder (`config.json`, `model.safetensors` or its shards, `tokenizer.json`, and if present
 * `tokenizer_config.json`, `generation_config.json` and a chat template): a path in Node, a URL in Node and pages, or
 * any `FileSource`. Throws `FormatError`, `TextError` or `GpuError`, before anything large is allocated, when the files
 * do not fit one another or the device.
 */
export async function loadModel(
  gpu: Gpu,
  from: string | FileSource,
  options: ModelOptions = {},
): Promise<LanguageModel> {
  const source =
    typeof from !== "string" ? from : /^(https?:|blob:)/.test(from) ? openUrl(from) : await openFolder(from);
  const { family, config } = readArchitecture(await readJson(source, "config.json"));
  const optional = async (file: string) => ((await source.has(file)) ? await readJson(source, file) : undefined);
  const tokenizerConfig = await optional("tokenizer_config.json");
  const tokenizer = await loadTokenizer(await readJson(source, "tokenizer.json"), tokenizerConfig ?? {});
  if (tokenizer.size > config.vocabulary) {
    throw new FormatError(
      "tokenizer.json",
      `has token id ${tokenizer.size - 1}, but config.json says vocab_size ${config.vocabulary}`,
      {
        field: "vocab",
      },
    );
  }
  const context = Math.min(options.context ?? Math.min(config.context, defaultContext), config.context);
  if (!Number.isInteger(context) || context < 1)
    throw new RangeError(`context is ${options.context}, expected a positive integer`);
  const cache = resolveCache(config, options.cache);
  checkRequirements(gpu, config, context, 1, cache, tokensAhead(gpu, config));
  const jinja = (await source.has("chat_template.jinja")) ? await readText(source, "chat_template.jinja") : undefined;
  const chatTemplate = await loadChatTemplate({ tokenizerConfig: tokenizerConfig ?? {}, chatTemplateJinja: jinja });
  const raw = (await readJson(source, "config.json")) as Readonly<Record<string, unknown>>;
  const endings = [raw["eos_token_id"]].flat().concat(tokenizer.eos ?? []);
  const defaults = readDefaults(await optional("generation_config.json"), endings);
  const weights = await loadWeights(gpu, await openWeights(source), family, config, options);
  return new LanguageModel(source.name, { gpu, config, weights }, tokenizer, chatTemplate, defaults, context, cache);
}
