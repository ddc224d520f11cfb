import { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import type { JsonRecord } from "./json-field.ts";
import { libraryNormalizer } from "./normalizer.ts";
import { libraryPreTokenizer } from "./pre-tokenizer.ts";
import { TextError } from "./text-error.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** The library's tokenizer for a parsed tokenizer.json: it only encodes, without adding tokens. */
export function libraryTokenizer(tokenizer: JsonRecord, { model, added }: Vocabulary): LibraryTokenizer {
  const pipeline = {
    version: "1.0",
    added_tokens: added.map((token) => ({ ...token, single_word: false })),
    normalizer: libraryNormalizer(tokenizer["normalizer"], "tokenizer.json: normalizer"),
    pre_tokenizer: libraryPreTokenizer(tokenizer["pre_tokenizer"], "tokenizer.json: pre_tokenizer"),
    // Adding tokens around a text and decoding are done in this folder.
    post_processor: null,
    decoder: null,
    model,
  };
  try {
    return new LibraryTokenizer(pipeline, { clean_up_tokenization_spaces: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TextError(`tokenizer.json cannot be used: ${reason}`, { cause: error });
  }
}
