import { openFiles } from "../../formats/files.ts";
import { safetensorsHeader } from "../../formats/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import { checkOptions, fieldsOf, having, recordOf, text } from "../../options/checks.ts";
import type { TrainedTokenizer } from "../bpe/train-tokenizer.ts";
import { bytesTokenizer, markedBytesTokenizer } from "./byte-tokenizers.ts";
import { type FreshParts, freshParts } from "./fresh-parts.ts";
import { drawn, type InitialiserOptions, initialiserChecks } from "./initialise.ts";

/** What a fresh model is made of. */
export interface FreshOptions extends InitialiserOptions {
  /** What `trainTokenizer` gave; default one whose tokens are bytes, unless `files` have another. */
  readonly tokenizer?: TrainedTokenizer | undefined;
  /** Texts of further files by their names: `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`, … */
  readonly files?: Readonly<Record<string, string>> | undefined;
}

const fields = fieldsOf<FreshOptions>({
  ...initialiserChecks,
  tokenizer: having("tokenizer", "a tokenizer of trainTokenizer"),
  files: recordOf(text),
});

/** The files of a tokenizer. */
export const tokenizerFiles = ({ tokenizer, config }: TrainedTokenizer) => ({
  "tokenizer.json": JSON.stringify(tokenizer),
  "tokenizer_config.json": `${JSON.stringify(config, undefined, 2)}\n`,
});

/** The files of tokenizers whose tokens are bytes, as many as there are rows for. */
function bytesFiles({ kind, vocabulary, sourceVocabulary }: FreshParts): Readonly<Record<string, string>> {
  if (kind === "encoder") return { "tokenizer.json": JSON.stringify(markedBytesTokenizer(vocabulary)) };
  const target = JSON.stringify(bytesTokenizer(vocabulary));
  if (sourceVocabulary === undefined) return { "tokenizer.json": target };
  return { "tokenizer.json": JSON.stringify(bytesTokenizer(sourceVocabulary)), "target_tokenizer.json": target };
}

/**
 * A model's folder in memory with fresh weights, which `openTrainable` and `loadModel` open as any other, of an encoder
 * `loadEncoder`, of an encoder-decoder `loadEncoderDecoder`: `config.json`, `model.safetensors` in f32 with Hugging Face's
 * names, and the files given. `config` is the object that a `config.json` of Hugging Face's has, `architectures` and sizes,
 * as for `initialise`; its vocabulary has at least as many rows as the tokenizer has tokens. Without a tokenizer, tokens are
 * bytes; an encoder's has `[CLS]`, `[SEP]` and `[MASK]` after them.
 *
 * @throws FormatError for a config that no model has; OptionError for options that are not valid.
 */
export function freshFolder(config: Readonly<Record<string, unknown>>, options: FreshOptions = {}): FileSource {
  checkOptions("freshFolder", fields, options);
  const { tokenizer, files, ...drawing } = options;
  const parts = freshParts(config);
  const tensors = [...drawn(parts, drawing)];
  const header = safetensorsHeader(
    tensors.map(([name, { shape }]) => ({ name, shape })),
    "f32",
  );
  const own = { "config.json": JSON.stringify(config), ...(tokenizer && tokenizerFiles(tokenizer)), ...files };
  const texts = "tokenizer.json" in own ? own : { ...bytesFiles(parts), ...own };
  const blobs = Object.entries(texts).map(([name, content]) => [name, new Blob([content])] as const);
  const weights = new Blob([header, ...tensors.map(([, { values }]) => values)]);
  return openFiles({ ...Object.fromEntries(blobs), "model.safetensors": weights }, "a fresh model");
}
