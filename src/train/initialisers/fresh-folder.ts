import { openFiles } from "../../formats/files.ts";
import { safetensorsHeader } from "../../formats/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import { checkOptions, fieldsOf, having, recordOf, text } from "../../options/checks.ts";
import { byteLevelText } from "../../text/byte-level.ts";
import type { TrainedTokenizer } from "../bpe/train-tokenizer.ts";
import { type InitialiserOptions, initialise, initialiserChecks } from "./initialise.ts";

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

/** A tokenizer whose tokens are bytes, as many as there are rows for. */
const bytesTokenizer = (vocabulary: number): string => {
  const bytes = Uint8Array.from({ length: Math.min(256, vocabulary) }, (_, byte) => byte);
  const vocab = Object.fromEntries([...byteLevelText(bytes)].map((character, id) => [character, id]));
  const stage = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };
  const model = { type: "BPE", vocab, merges: [] };
  return JSON.stringify({ version: "1.0", added_tokens: [], pre_tokenizer: stage, decoder: stage, model });
};

/**
 * A model's folder in memory with fresh weights, which `openTrainable` and `loadModel` open as any other: `config.json`,
 * `model.safetensors` in f32 with Hugging Face's names, and the files given. `config` is the object that a `config.json` of
 * Hugging Face's has, `architectures` and sizes; its vocabulary has at least as many rows as the tokenizer has tokens. Without a
 * tokenizer, tokens are bytes.
 *
 * @throws FormatError for a config that no decoder has; OptionError for options that are not valid.
 */
export function freshFolder(config: Readonly<Record<string, unknown>>, options: FreshOptions = {}): FileSource {
  checkOptions("freshFolder", fields, options);
  const { tokenizer, files, ...drawing } = options;
  const tensors = [...initialise(config, drawing)];
  const header = safetensorsHeader(
    tensors.map(([name, { shape }]) => ({ name, shape })),
    "f32",
  );
  const own = { "config.json": JSON.stringify(config), ...(tokenizer && tokenizerFiles(tokenizer)), ...files };
  const bytes = () => ({ "tokenizer.json": bytesTokenizer(Number(config["vocab_size"])) });
  const texts = "tokenizer.json" in own ? own : { ...own, ...bytes() };
  const blobs = Object.entries(texts).map(([name, content]) => [name, new Blob([content])] as const);
  const weights = new Blob([header, ...tensors.map(([, { values }]) => values)]);
  return openFiles({ ...Object.fromEntries(blobs), "model.safetensors": weights }, "a fresh model");
}
