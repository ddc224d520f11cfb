import { openModel } from "../formats/hub.ts";
import { readJson } from "../formats/read-text.ts";
import type { FileSource } from "../formats/source.ts";
import { openWeights } from "../formats/weights.ts";
import { sourceCheck } from "../generate/load-model.ts";
import type { Gpu } from "../gpu/gpu.ts";
import { weightTypes } from "../kernels/formats.ts";
import { checkWeights } from "../models/checkpoint.ts";
import { readUseLiteConfig, uploadUseLite, useLiteNames } from "../models/encoders/use-lite.ts";
import type { LoadOptions } from "../models/loader.ts";
import { boolean, callback, checkOptions, checkValue, fieldsOf, having, oneOf } from "../options/checks.ts";
import { createEncoderTokenizer } from "../text/encoder-tokenizer.ts";
import { TextError } from "../text/text-error.ts";
import type { Tokenizer } from "../text/tokenizer.ts";
import { embedTexts, type SentenceOptions, type SentenceVectors } from "./embed-texts.ts";

/** Options of `loadSentenceEncoder`. */
export type SentenceEncoderOptions = Omit<LoadOptions, "weights">;

/** What makes vectors of texts, such that texts of similar meaning have a large product. */
export interface SentenceEncoder {
  readonly name: string;
  readonly gpu: Gpu;
  readonly tokenizer: Tokenizer;
  /** Elements of a vector. */
  readonly width: number;
  /** Tokens of a text that count; what follows is cut off. */
  readonly context: number;
  /** Bytes of the weights on the GPU. */
  readonly bytes: number;
  /**
   * A vector of length 1 for each text. Texts are computed together, each seeing its own tokens alone. Throws `TextError`
   * for an empty text, and the reason of `signal` once it aborts.
   */
  embed(texts: readonly string[], options?: SentenceOptions): Promise<SentenceVectors>;
  /** Frees the weights. */
  dispose(): void;
}

const fields = fieldsOf<SentenceEncoderOptions>({
  dtype: oneOf(...weightTypes),
  onProgress: callback,
  onWarning: callback,
  signal: having("aborted", "an AbortSignal"),
  verify: boolean,
});

/**
 * Loads a Universal Sentence Encoder lite from its folder (`config.json`, `model.safetensors`, `tokenizer.json`): a path in
 * Node, an address, the name of a repository on a hub, or any `FileSource`. Throws `FormatError`, `TextError` or
 * `GpuError` for files that are no such model's or do not fit one another or the device.
 */
export async function loadSentenceEncoder(
  gpu: Gpu,
  from: string | URL | FileSource,
  options: SentenceEncoderOptions = {},
): Promise<SentenceEncoder> {
  checkValue("loadSentenceEncoder", "from", sourceCheck, from);
  checkOptions("loadSentenceEncoder", fields, options);
  const { onWarning = console.warn, signal } = options;
  signal?.throwIfAborted();
  const source = await openModel(from, { onWarning, signal });
  const config = readUseLiteConfig(await readJson(source, "config.json"));
  const settings = "tokenizer_config.json";
  const tokenizer = createEncoderTokenizer(
    await readJson(source, "tokenizer.json"),
    (await source.has(settings)) ? await readJson(source, settings) : {},
  );
  if (tokenizer.size > config.vocabulary) {
    throw new TextError(
      `tokenizer.json has ids up to ${tokenizer.size - 1}, and vocab_size in config.json is ${config.vocabulary}`,
    );
  }
  const weights = await openWeights(source);
  const model = await uploadUseLite(gpu, weights, checkWeights(weights, useLiteNames, config), config, options);
  return {
    name: source.name,
    gpu,
    tokenizer,
    width: config.width,
    context: config.context,
    bytes: model.bytes,
    embed: (texts, options) => embedTexts(model, tokenizer, texts, options),
    dispose: model.dispose,
  };
}
