import {
  BPE,
  Tokenizer as LibraryTokenizer,
  type Normalizer,
  type PreTokenizer,
  Unigram,
  WordPiece,
} from "@huggingface/tokenizers";
import type { JsonRecord } from "./json-field.ts";
import { readNormalizer, readPattern } from "./normalizer.ts";
import { readPreTokenizer } from "./pre-tokenizer.ts";
import { makeStepLimit } from "./step-limit.ts";
import { bpeSubwords, type Subwords, unigramSubwords, wordPieceSubwords } from "./subwords.ts";
import { TextError } from "./text-error.ts";
import type { Encoder, TextLibrary } from "./text-library.ts";
import { MAX_ADDED, type Vocabulary } from "./vocabulary.ts";

function subwordsOf({ model }: LibraryTokenizer, given: JsonRecord): Subwords {
  if (model instanceof BPE) return bpeSubwords(model);
  if (model instanceof Unigram) return unigramSubwords(model);
  if (model instanceof WordPiece) return wordPieceSubwords(model, String(given["continuing_subword_prefix"]));
  throw new TextError(`tokenizer.json: model.type is ${JSON.stringify(given["type"])}`); // the vocabulary has refused it
}

/** An added token after its normalization, no longer than one may be before: the library tries it at every character. */
function addedContent(content: string): string {
  if (content.length <= MAX_ADDED) return content;
  throw new TextError(
    `tokenizer.json: normalizer makes an added token ${content.length} characters long, expected at most ${MAX_ADDED}`,
  );
}

/**
 * The library's tokenizer for a parsed tokenizer.json, with the steps of this folder in place of its own: it finds added
 * tokens and looks up ids, and adds no tokens. What it runs, it runs under a limit of steps.
 */
function encoder(tokenizer: JsonRecord, { model, added }: Vocabulary): Encoder {
  const normalizer = readNormalizer(tokenizer["normalizer"], "tokenizer.json: normalizer");
  const preTokenizer = readPreTokenizer(tokenizer["pre_tokenizer"], "tokenizer.json: pre_tokenizer");
  const limit = makeStepLimit("tokenizer.json");
  limit.begin(added.reduce((sum, { content }) => sum + content.length, 0));
  const pipeline = {
    version: "1.0",
    added_tokens: added.map((token) => ({
      ...token,
      content: token.normalized && normalizer ? addedContent(normalizer(token.content, limit)) : token.content,
      single_word: false,
    })),
    // A normalizer that does nothing: its own is set below, when the contents of added tokens have been normalized.
    normalizer: normalizer ? { type: "Sequence", normalizers: [] } : null,
    pre_tokenizer: null,
    // Adding tokens around a text and decoding are done in this folder.
    post_processor: null,
    decoder: null,
    model,
  };
  let library: LibraryTokenizer;
  try {
    library = new LibraryTokenizer(pipeline, { clean_up_tokenization_spaces: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TextError(`tokenizer.json cannot be used: ${reason}`, { cause: error });
  }
  if (normalizer) library.normalizer = ((text: string) => normalizer(text, limit)) as Normalizer;
  if (preTokenizer) {
    library.pre_tokenizer = ((text: string, { section_index = 0 }: { readonly section_index?: number } = {}) =>
      preTokenizer([text], section_index, limit)) as PreTokenizer;
  }
  const subwords = subwordsOf(library, model);
  if (library.model) {
    library.model.encode = (pieces) => {
      limit.field = "tokenizer.json: model";
      return subwords(pieces, limit);
    };
  }
  return {
    encode(text) {
      limit.begin(text.length);
      return library.encode(text, { add_special_tokens: false });
    },
  };
}

/** What tokenizers need the library for. */
export const textLibrary: TextLibrary = { encoder, readPattern };
