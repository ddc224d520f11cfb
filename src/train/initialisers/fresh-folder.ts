import { openFiles } from "../../formats/files.ts";
import { safetensorsHeader } from "../../formats/safetensors/safetensors-header.ts";
import type { FileSource } from "../../formats/source.ts";
import { checkOptions, fieldsOf, having, recordOf, text } from "../../options/checks.ts";
import { byteLevelText } from "../../text/parts/byte-level.ts";
import type { TrainedTokenizer } from "../bpe/train-tokenizer.ts";
import { type FreshParts, freshParts } from "./fresh-parts.ts";
import { drawn, type InitialiserOptions, initialiserChecks } from "./initialise.ts";

/** The parts of a fresh model. */
export interface FreshOptions extends InitialiserOptions {
  /** The result of `trainTokenizer`; default one whose tokens are bytes, unless `files` contain another. */
  readonly tokenizer?: TrainedTokenizer | undefined;
  /** Texts of further files by name: `tokenizer.json`, `tokenizer_config.json`, `generation_config.json`, … */
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

/** The files of byte tokenizers, for a number of rows. */
function bytesFiles({ kind, vocabulary, sourceVocabulary }: FreshParts): Readonly<Record<string, string>> {
  if (kind === "encoder") return { "tokenizer.json": JSON.stringify(markedBytesTokenizer(vocabulary)) };
  const target = JSON.stringify(bytesTokenizer(vocabulary));
  if (sourceVocabulary === undefined) return { "tokenizer.json": target };
  return { "tokenizer.json": JSON.stringify(bytesTokenizer(sourceVocabulary)), "target_tokenizer.json": target };
}

/**
 * A model's folder in memory with fresh weights, for `openTrainable` and `loadModel`, or `loadEncoder` or
 * `loadEncoderDecoder`: `config.json`, `model.safetensors` in f32 with Hugging Face's names, and the given files.
 * `config` is the content of a Hugging Face `config.json`, `architectures` and sizes, as for `initialise`; its
 * vocabulary has at least as many rows as the tokenizer has tokens. Without a tokenizer, tokens are bytes; an encoder's
 * also has `[CLS]`, `[SEP]` and `[MASK]`.
 *
 * @throws FormatError for a config that fits no model; OptionError for invalid options.
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

const stage = { type: "ByteLevel", add_prefix_space: false, trim_offsets: true, use_regex: false };

/** A tokenizer whose tokens are the first bytes, up to 256. */
function bytesTokenizer(tokens: number) {
  const bytes = Uint8Array.from({ length: Math.min(256, tokens) }, (_, byte) => byte);
  const vocab = Object.fromEntries([...byteLevelText(bytes)].map((character, id) => [character, id]));
  const model = { type: "BPE", vocab, merges: [] };
  return { version: "1.0", added_tokens: [] as object[], pre_tokenizer: stage, decoder: stage, model };
}

const marks = ["[CLS]", "[SEP]", "[MASK]"] as const;

/** The same for an encoder: the bytes are followed by the begin-of-text token, the end-of-text token and the mask. */
function markedBytesTokenizer(vocabulary: number) {
  const bytes = Math.min(256, vocabulary - marks.length);
  if (bytes < 1) return bytesTokenizer(vocabulary);
  const { model, ...rest } = bytesTokenizer(bytes);
  const flags = { single_word: false, lstrip: false, rstrip: false, normalized: false, special: true };
  const special = ([id, type_id]: readonly [string, number]) => ({ SpecialToken: { id, type_id } });
  const single = [special(["[CLS]", 0]), { Sequence: { id: "A", type_id: 0 } }, special(["[SEP]", 0])];
  const pair = [...single, { Sequence: { id: "B", type_id: 1 } }, special(["[SEP]", 1])];
  const ids = marks.map((token, i) => [token, { id: token, ids: [bytes + i], tokens: [token] }]);
  return {
    ...rest,
    added_tokens: marks.map((content, i) => ({ id: bytes + i, content, ...flags })),
    post_processor: { type: "TemplateProcessing", single, pair, special_tokens: Object.fromEntries(ids.slice(0, 2)) },
    model: { ...model, vocab: { ...model.vocab, ...Object.fromEntries(marks.map((token, i) => [token, bytes + i])) } },
  };
}
