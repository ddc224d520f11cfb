import { type CacheOptions, cacheLayouts } from "../blocks/kv-cache/cache.ts";
import { openModel } from "../formats/hub.ts";
import { readEarly } from "../formats/read-early.ts";
import { headBytes } from "../formats/safetensors.ts";
import { type FileSource, ggufHeadBytes, withSignal } from "../formats/source.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { cacheFormats, weightTypes } from "../kernels/formats.ts";
import { resolveCache } from "../models/cache.ts";
import type { DecoderConfig } from "../models/config.ts";
import { recipes } from "../models/recipes.ts";
import { checkRequirements } from "../models/requirements.ts";
import { type LoadOptions, uploadWeights } from "../models/weights.ts";
import { onAbort } from "../options/abort.ts";
import {
  boolean,
  callback,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  integer,
  nonEmpty,
  object,
  oneOf,
  text,
} from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import { tokensAhead } from "./chunks.ts";
import { LanguageModel } from "./language-model.ts";

/** Options of `loadModel`. */
export interface ModelOptions extends LoadOptions {
  /** Longest sequence in tokens, up to the model's own limit; default that limit, at most 4096. */
  readonly context?: number | undefined;
  /** How sessions keep keys and values; default f32, with room for the whole context. */
  readonly cache?: CacheOptions | undefined;
  /** The text of a chat template in Jinja, in place of the folder's own. */
  readonly chatTemplate?: string | undefined;
}

/** Where a model is loaded from. */
const sourceCheck = either(text, having("href", "a URL"), having("has", "an opened folder"));

const fields = fieldsOf<ModelOptions>({
  dtype: oneOf(...weightTypes),
  weights: oneOf(...recipes),
  onProgress: callback,
  onWarning: callback,
  signal: having("aborted", "an AbortSignal"),
  context: integer(1, 2 ** 30),
  cache: object<CacheOptions>({ dtype: oneOf(...cacheFormats), layout: oneOf(...cacheLayouts) }),
  chatTemplate: nonEmpty,
  verify: boolean,
});

/** Throws `OptionError` where types are given in both ways. */
export function checkTypes(what: string, { dtype, weights }: Pick<LoadOptions, "dtype" | "weights">): void {
  if (dtype === undefined || weights === undefined) return;
  throw new OptionError(`${what}: dtype is ${dtype} and weights is ${weights}, expected one of them`);
}

/** The default context is at most this: a contiguous cache is allocated for all of it. */
const defaultContext = 4096;

/** The longest sequence of a model that is loaded with this option. */
export const contextOf = ({ context }: DecoderConfig, wanted: number | undefined): number =>
  Math.min(wanted ?? Math.min(context, defaultContext), context);

/** The largest tokenizer files and shard indices in use have 10 to 40 MB, other texts less than one. */
const [largeText, smallText] = [128 << 20, 16 << 20];

/** What is requested at once, in this order: all that a model has other than its weights, and their head. */
export const early = {
  whole: {
    "config.json": smallText,
    "tokenizer.json": largeText,
    "tokenizer_config.json": smallText,
    "model.safetensors.index.json": largeText,
    "generation_config.json": smallText,
    "chat_template.jinja": smallText,
  },
  heads: { "model.safetensors": headBytes },
};

/** What is requested at once of a source. */
export const earlyReads = ({ gguf }: FileSource, whole: Readonly<Record<string, number>> = early.whole) =>
  gguf === undefined ? { whole, heads: early.heads } : { whole: {}, heads: { [gguf]: ggufHeadBytes } };

/**
 * Loads a GGUF file, or a Hugging Face folder (`config.json`, `model.safetensors` or its shards, `tokenizer.json`, and if present
 * `tokenizer_config.json`, `generation_config.json` and a chat template): a path in Node, an address in Node and pages
 * (in a page also relative to it), the name of a repository on a hub, or any `FileSource`; `openModel` says more. Throws `FormatError`, `TextError` or `GpuError`, before anything
 * large is read or allocated, when the files do not fit one another or the device; and the reason of `signal` once it
 * aborts.
 */
export async function loadModel(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: ModelOptions = {},
): Promise<LanguageModel> {
  checkValue("loadModel", "from", sourceCheck, from);
  checkOptions("loadModel", fields, options);
  checkTypes("loadModel", options);
  options.signal?.throwIfAborted();
  // Ends what is still being requested when the load has ended, whichever way.
  const ended = new AbortController();
  const unlisten = onAbort(options.signal, (reason) => ended.abort(reason));
  try {
    const { onWarning = console.warn } = options;
    const opened = withSignal(await openModel(from, { onWarning, signal: ended.signal }), ended.signal);
    const source = readEarly(opened, earlyReads(opened));
    return await loadFrom(gpu, source, { ...options, signal: ended.signal });
  } catch (error) {
    // WebGPU's own errors do not say that the device was lost.
    throw error instanceof DOMException && !ended.signal.aborted ? await gpu.explain(error) : error;
  } finally {
    unlisten();
    ended.abort();
  }
}

async function loadFrom(gpu: Gpu, source: FileSource, options: ModelOptions): Promise<LanguageModel> {
  const { readModelFolder } = await import("./model-folder.ts"); // with every family and its checks
  const { config, tokenizer, chatTemplate, defaults, weights, checkpoint, warnings } = await readModelFolder(
    source,
    options,
  );
  const context = contextOf(config, options.context);
  const cache = resolveCache(config, options.cache);
  checkRequirements(gpu, config, context, 1, cache, tokensAhead(gpu, config));
  for (const warning of warnings) (options.onWarning ?? console.warn)(warning);
  const files = new Set([...weights.tensors.values()].map(({ file }) => file));
  await source.prepare?.([...files], { signal: options.signal });
  const uploaded = await uploadWeights(gpu, weights, checkpoint, config, options);
  const decoder = { gpu, config, weights: uploaded };
  return new LanguageModel(source.name, decoder, tokenizer, chatTemplate, defaults, context, cache);
}
