import { cacheCheck } from "../../blocks/kv-cache/cache-options.ts";
import { openModel } from "../../formats/hub.ts";
import { readEarly } from "../../formats/read-early.ts";
import { type FileSource, withSignal } from "../../formats/source.ts";
import type { Gpu } from "../../gpu/gpu.ts";
import { weightTypes } from "../../kernels/formats/formats.ts";
import { recipes } from "../../models/decoders/recipes.ts";
import type { LoadOptions } from "../../models/weights/weights.ts";
import { onAbort } from "../../options/abort.ts";
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
  oneOf,
  text,
} from "../../options/checks.ts";
import type { LanguageModel } from "../language-model.ts";
import { checkTypes, earlyReads } from "./early-reads.ts";
import type { ModelOptions } from "./read-model.ts";

export type { ModelOptions } from "./read-model.ts";

/** Where a model is loaded from. */
export const sourceCheck = either(text, having("href", "a URL"), having("has", "an opened folder"));

/** The options that `loadModel` takes. */
export const loadModelFields = fieldsOf<ModelOptions>({
  dtype: oneOf(...weightTypes),
  weights: oneOf(...recipes),
  onProgress: callback,
  onWarning: callback,
  signal: having("aborted", "an AbortSignal"),
  context: integer(1, 2 ** 30),
  cache: cacheCheck,
  chatTemplate: nonEmpty,
  tuned: boolean,
  verify: boolean,
});

/**
 * Loads a GGUF file, or a Hugging Face folder (`config.json`, `model.safetensors` or its shards, `tokenizer.json`, and
 * if present `tokenizer_config.json`, `generation_config.json` and a chat template): a path in Node, an address in Node
 * and pages (in a page also relative to it), the name of a repository on a hub, or any `FileSource`; `openModel` says
 * more. Throws `FormatError`, `TextError` or `GpuError`, before anything large is read or allocated, if the files do
 * not fit one another or the device; and the reason of `signal` once it aborts.
 */
export async function loadModel(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: ModelOptions = {},
): Promise<LanguageModel> {
  checkValue("loadModel", "from", sourceCheck, from);
  checkOptions("loadModel", loadModelFields, options);
  checkTypes("loadModel", options);
  return await loading(gpu, from, options, (source, signal) => {
    const early = readEarly(source, earlyReads(source));
    return loadFrom(gpu, early, { ...options, signal });
  });
}

/**
 * Opens a source and loads from it. `signal`, or the end of the load, with or without an error, cancels open requests.
 */
export async function loading<T>(
  gpu: Gpu,
  from: string | URL | FileSource,
  { signal, onWarning = console.warn }: Pick<LoadOptions, "signal" | "onWarning">,
  load: (source: FileSource, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  signal?.throwIfAborted();
  const ended = new AbortController();
  const unlisten = onAbort(signal, (reason) => ended.abort(reason));
  try {
    const opened = await openModel(from, { onWarning, signal: ended.signal });
    return await load(withSignal(opened, ended.signal), ended.signal);
  } catch (error) {
    // WebGPU's own errors do not say that the device was lost.
    throw error instanceof DOMException && !ended.signal.aborted ? await gpu.explain(error) : error;
  } finally {
    unlisten();
    ended.abort();
  }
}

async function loadFrom(gpu: Gpu, source: FileSource, options: ModelOptions): Promise<LanguageModel> {
  // Loads every family and its checks, the code that reads and uploads weights, and the model itself.
  const { readModel } = await import("./read-model.ts");
  const { tuned, onWarning } = options;
  if (tuned) await (await import("../tuning/entry.ts")).useStored(gpu, { onWarning });
  return await readModel(gpu, source, options);
}
