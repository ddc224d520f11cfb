import {
  BPE,
  type PreTokenizer as LibraryPreTokenizer,
  Tokenizer as LibraryTokenizer,
  type Normalizer,
  Unigram,
  WordPiece,
} from "@huggingface/tokenizers";
import { type JsonRecord, type PipelineStep, pipelineSteps } from "./json-field.ts";
import { normalizerOf, normalizerParts, readPattern } from "./parts/normalizer.ts";
import { readPreTokenizer } from "./parts/pre-tokenizer.ts";
import { bpeSubwords, type Subwords, unigramSubwords, wordLevelSubwords, wordPieceSubwords } from "./parts/subwords.ts";
import { MAX_ADDED, type Vocabulary } from "./parts/vocabulary.ts";
import { makeStepLimit } from "./pattern/step-limit.ts";
import { TextError } from "./text-error.ts";
import type { EncodedText, Encoder, TextLibrary } from "./text-library.ts";
import type { TokenizerParts } from "./tokenizer-parts.ts";

function subwordsOf({ model }: LibraryTokenizer, given: JsonRecord, byteLevel: boolean): Subwords {
  if (model instanceof BPE) return bpeSubwords(model, byteLevel);
  if (model instanceof Unigram) return unigramSubwords(model);
  if (!(model instanceof WordPiece)) {
    throw new TextError(`tokenizer.json: model.type is ${JSON.stringify(given["type"])}`); // refused by the vocabulary
  }
  if (given["type"] === "WordPiece") return wordPieceSubwords(model, String(given["continuing_subword_prefix"]));
  return wordLevelSubwords((piece) => model.tokens_to_ids.has(piece), String(given["unk_token"]));
}

/**
 * An added token after normalization, under the same length limit as before: the library tries it at every character.
 */
function addedContent(content: string): string {
  if (content.length <= MAX_ADDED) return content;
  throw new TextError(
    `tokenizer.json: normalizer makes an added token ${content.length} characters long, expected at most ${MAX_ADDED}`,
  );
}

/** Steps of a pre-tokenizer that drop no character. */
const KEEPING: ReadonlySet<string> = new Set(["ByteLevel", "Metaspace", "Digits"]);

/** True for a step of a normalizer that never shortens a text. */
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
    // A no-op normalizer: the real one is set below, once the contents of added tokens have been normalized.
    normalizer: normalizer ? { type: "Sequence", normalizers: [] } : null,
    pre_tokenizer: null,
    // Adding tokens around a text and decoding are done in this folder.
    post_processor: null,
    decoder: null,
    // The library does not support WordLevel models; their table of ids is the same.
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
 * The library's tokenizer with this folder's steps in place of its own: it finds added tokens, looks up ids and adds no
 * tokens, all within a limit of steps.
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

/** The parts of the library that tokenizers use. */
export const textLibrary: TextLibrary = {
  encoder: (tokenizer, vocabulary) => encoderOf(tokenizerParts(tokenizer, vocabulary)),
  readPattern,
};

// Tokens of a long text, a slice at a time: the same as for the whole text, since each word is split on its own.

/** The library tokenizer's added tokens and model. */
interface Library {
  readonly splitter_unnormalized: Splitter;
  readonly splitter_normalized: Splitter;
  readonly added_tokens_map: ReadonlyMap<
    string,
    { readonly id: number; readonly lstrip: boolean; readonly rstrip: boolean }
  >;
  readonly normalizer: ((text: string) => string) | null;
  readonly model: ((pieces: readonly string[]) => string[]) & {
    readonly tokens_to_ids: ReadonlyMap<string, number>;
    readonly unk_token_id?: number;
    readonly fuse_unk: boolean;
  };
}

interface Splitter {
  split(text: string): string[];
}

/** Encodes like the library's `encode`: see `Encoder.slices`. */
function* encodedSlices(
  { library, preTokenizer, subwords, keepsText, limit }: TokenizerParts,
  text: string,
  most: number,
): Generator<undefined, EncodedText | undefined, undefined> {
  const { splitter_unnormalized, splitter_normalized, added_tokens_map, normalizer, model } =
    library as unknown as Library;
  const { longest } = subwords;
  if (keepsText && longest !== undefined && Math.ceil(text.length / longest) > most) return undefined;
  const ids: number[] = [];
  const tokens: string[] = [];
  limit.begin(text.length);

  const idOf = (token: string) =>
    added_tokens_map.get(token)?.id ?? model.tokens_to_ids.get(token) ?? model.unk_token_id ?? Number.NaN;
  const push = (token: string) => {
    ids.push(idOf(token));
    tokens.push(token);
  };

  /** The text between added tokens, and these tokens, which may strip adjacent white space. */
  function sections(splitter: Splitter, whole: string): string[] {
    const found = splitter.split(whole);
    for (const [i, section] of found.entries()) {
      const { lstrip = false, rstrip = false } = added_tokens_map.get(section) ?? {};
      if (lstrip && i > 0) found[i - 1] = (found[i - 1] ?? "").trimEnd();
      if (rstrip && i + 1 < found.length) found[i + 1] = (found[i + 1] ?? "").trimStart();
    }
    return found;
  }

  /** True if these pieces certainly exceed the remaining tokens. */
  function tooMany(pieces: readonly string[]): boolean {
    if (longest === undefined) return ids.length > most;
    return pieces.reduce((sum, { length }) => sum + Math.ceil(length / longest), ids.length) > most;
  }

  /** Lets other tasks run, which may begin another text. */
  function* pause(): Generator<undefined, void, undefined> {
    const { left } = limit;
    yield;
    limit.begin(text.length);
    limit.left = left;
  }

  for (const [index, section] of sections(splitter_unnormalized, text).entries()) {
    if (section === "") continue;
    if (added_tokens_map.has(section)) {
      push(section);
      continue;
    }
    const normalized = normalizer ? normalizer(section) : section;
    for (const part of normalized === "" ? [] : sections(splitter_normalized, normalized)) {
      if (part === "") continue;
      if (added_tokens_map.has(part)) {
        push(part);
        continue;
      }
      let unknown = false; // whether the last token is unknown, if unknown ones are joined
      for (const pieces of preTokenizer ? preTokenizer.inSlices(part, index, limit) : [[part]]) {
        if (tooMany(pieces)) return undefined;
        for (const [i, token] of model(pieces).entries()) {
          const id = idOf(token);
          const joins = i === 0 && unknown && id === model.unk_token_id;
          if (!joins) push(token);
          unknown = model.fuse_unk && id === model.unk_token_id;
        }
        if (ids.length > most) return undefined;
        yield* pause();
      }
    }
  }
  return ids.length > most ? undefined : { ids, tokens };
}
