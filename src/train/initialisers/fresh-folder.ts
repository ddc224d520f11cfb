import { openFiles } from "../../formats/files.ts";
import { safetensorsHeader } from "../../formats/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import { byteLevelText } from "../../text/byte-level.ts";
import { type InitialiserOptions, initialise } from "./initialise.ts";

/** What a fresh model is made of. */
export interface FreshOptions extends InitialiserOptions {
  /** Texts of further files by their names: `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`, … */
  readonly files?: Readonly<Record<string, string>> | undefined;
}

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
 * `model.safetensors` in f32 with Hugging Face's names, and the files given. Without a tokenizer, tokens are bytes.
 *
 * @throws FormatError for a config that no decoder has.
 */
export function freshFolder(config: Readonly<Record<string, unknown>>, options: FreshOptions = {}): FileSource {
  const tensors = [...initialise(config, options)];
  const header = safetensorsHeader(
    tensors.map(([name, { shape }]) => ({ name, shape })),
    "f32",
  );
  const { "tokenizer.json": tokenizer = bytesTokenizer(Number(config["vocab_size"])), ...others } = options.files ?? {};
  const texts = { "config.json": JSON.stringify(config), "tokenizer.json": tokenizer, ...others };
  const files = Object.entries(texts).map(([name, text]) => [name, new Blob([text])] as const);
  const weights = new Blob([header, ...tensors.map(([, { values }]) => values)]);
  return openFiles({ ...Object.fromEntries(files), "model.safetensors": weights }, "a fresh model");
}
