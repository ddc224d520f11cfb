import {
  BPE,
  type PreTokenizer as LibraryPreTokenizer,
  Tokenizer as LibraryTokenizer,
  type Normalizer,
  Unigram,
  WordPiece,
} from "@huggingface/tokenizers";
import { type JsonRecord, type PipelineStep, pipelineSteps } from "./json-field.ts";
import { normalizerOf, normalizerParts, readPattern } from "./normalizer.ts";
import { readPreTokenizer } from "./pre-tokenizer.ts";
import { encodedSlices } from "./slices.ts";
import { makeStepLimit } from "./step-limit.ts";
import { bpeSubwords, type Subwords, unigramSubwords, wordLevelSubwords, wordPieceSubwords } from "./subwords.ts";
import { TextError } from "./text-error.ts";
import type { Encoder, TextLibrary } from "./text-library.ts";
import type { TokenizerParts } from "./tokenizer-parts.ts";
import { MAX_ADDED, type Vocabulary } from "./vocabulary.ts";

function subwordsOf({ model }: LibraryTokenizer, given: JsonRecord, byteLevel: boolean): Subwords {
  if (model instanceof BPE) return bpeSubwords(model, byteLevel);
  if (model instanceof Unigram) return unigramSubwords(model);
  if (!(model instanceof WordPiece)) {
    throw new TextError(`tokenizer.json: model.type is ${JSON.stringify(given["type"])}`); // the vocabulary has refused it
  }
  if (given["type"] === "WordPiece") return wordPieceSubwords(model, String(given["continuing_subword_prefix"]));
  return wordLevelSubwords((piece) => model.tokens_to_ids.has(piece), String(given["unk_token"]));
}

/** An added token after its normalization, no longer than one may be before: the library tries it at every character. */
function addedContent(content: string): string {
  if (content.length <= MAX_ADDED) return content;
  throw new TextError(
    `tokenizer.json: normalizer makes an added token ${content.length} characters long, expected at most ${MAX_ADDED}`,
  );
}

/** Steps of a pre-tokenizer that leave no character out. */
const KEEPING: ReadonlySet<string> = new Set(["ByteLevel", "Metaspace", "Digits"]);

/** True for a step of a normalizer that makes no text shorter. */
function lengthens({ type, step }: PipelineStep): boolean {
  const { pattern, content } = step as { readonly pattern?: { readonly String?: unknown }; readonly content?: unknown };
  const literal = pattern?.String;
  if (type !== "Replace") return type === "Prepend";
  return typeof literal === "string" && typeof content === "string" && content.length >= literal.length;
}

/** The parts of a parsed tokenizer.json, checked, with the library's tokenizer for its model and its added tokens. */
export function tokenizerParts(tokenizer: JsonRecord, { model, added }: Vocabulary): TokenizerParts {
  const parts = normalizerParts(tokenizer["normalizer"], "tokenizer.json: normalizer");
  const normalizer = normalizerOf(parts);
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
    // The library knows no words without pieces; its table of ids is the same.
    model: model["type"] === "WordLevel" ? { ...model, type: "WordPiece" } : model,
  };
  let library: LibraryTokenizer;
  try {
    library = new LibraryTokenizer(pipeline, { clean_up_tokenization_spaces: false });
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TextError(`tokenizer.json cannot be used: ${reason}`, { cause: error });
  }
  const steps = pipelineSteps(tokenizer["pre_tokenizer"], "tokenizer.json: pre_tokenizer", "pretokenizers");
  const byteLevel = steps.some(({ type }) => type === "ByteLevel");
  const keepsText =
    pipelineSteps(tokenizer["normalizer"], "tokenizer.json: normalizer", "normalizers").every(lengthens) &&
    steps.every(({ type, step }) => (type === "Split" ? step["behavior"] !== "Removed" : KEEPING.has(type))) &&
    added.every(({ lstrip, rstrip }) => !lstrip && !rstrip);
  return {
    library,
    normalizer: parts,
    preTokenizer,
    subwords: subwordsOf(library, model, byteLevel),
    keepsText,
    limit,
  };
}

/**
 * The library's tokenizer with the steps of this folder in place of its own: it finds added tokens and looks up ids, and
 * adds no tokens. What it runs, it runs under a limit of steps.
 */
export function encoderOf(parts: TokenizerParts): Encoder {
  const { library, normalizer: steps, preTokenizer, subwords, limit } = parts;
  const normalizer = normalizerOf(steps);
  if (normalizer) library.normalizer = ((text: string) => normalizer(text, limit)) as Normalizer;
  if (preTokenizer) {
    library.pre_tokenizer = ((text: string, { section_index = 0 }: { readonly section_index?: number } = {}) =>
      preTokenizer([text], section_index, limit)) as LibraryPreTokenizer;
  }
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
    slices: (text, most) => encodedSlices(parts, text, most),
  };
}

/** What tokenizers need the library for. */
export const textLibrary: TextLibrary = {
  encoder: (tokenizer, vocabulary) => encoderOf(tokenizerParts(tokenizer, vocabulary)),
  readPattern,
};
