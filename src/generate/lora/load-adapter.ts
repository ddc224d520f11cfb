import { type FileSource, withSignal } from "../../formats/source.ts";
import { checkOptions, checkValue, fieldsOf, having } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { LanguageModel } from "../language-model.ts";
import { type OpeningOptions, openFrom, openingChecks } from "../load/opening.ts";
import { adapt, modulesOf } from "./adapt.ts";
import { adapterIn, checkModules } from "./read-adapter.ts";

/** Options of `loadAdapter`. */
export interface LoadAdapterOptions extends OpeningOptions {}

const fields = fieldsOf<LoadAdapterOptions>(openingChecks);

/**
 * A loaded model with a LoRA adapter: a separate model with its own caches that shares the base model's weights, which
 * stay unchanged and in memory once. A model may have any number of adapters, used independently. It ends with the base
 * model.
 *
 * @param from a folder in PEFT's layout, given as to `loadModel`.
 * @throws FormatError for an adapter that is invalid or does not fit the model; OptionError for a model that already
 * has one; the reason of `signal` once it aborts.
 */
export async function loadAdapter(
  model: LanguageModel,
  from: string | URL | FileSource,
  options: LoadAdapterOptions = {},
): Promise<LanguageModel> {
  checkValue("loadAdapter", "model", having("decoder", "a language model"), model);
  checkOptions("loadAdapter", fields, options);
  const { signal } = options;
  model.lifetime.assertLive();
  const { gpu, decoder, tokenizer, chatTemplate, defaults, context, programs, stored, lifetime } = model;
  const { config, weights: base } = decoder;
  const { sources } = base;
  if (!sources) throw new OptionError("loadAdapter: model has weights of unknown names, expected one of loadModel");
  if (base.blocks.some(({ adapted }) => adapted)) {
    throw new OptionError("loadAdapter: model has an adapter, expected the model without");
  }
  const opened = await openFrom("loadAdapter", from, options);
  const source = signal ? withSignal(opened, signal) : opened;
  const adapter = await adapterIn(source);
  checkModules(adapter, modulesOf(sources));
  signal?.throwIfAborted();
  model.lifetime.assertLive();
  const { weights, own, free } = adapt(gpu, base, sources, adapter);
  const bytes = own.reduce((sum, { size }) => sum + 4 * size, base.bytes);
  const changed = { gpu, config, weights: { ...weights, bytes, dispose: free } };
  const { name } = source;
  const adapted = new LanguageModel(
    ...([name, changed, tokenizer, chatTemplate, defaults, context, programs.cache, stored, lifetime] as const),
  );
  adapted.lifetime.begin();
  return adapted;
}
