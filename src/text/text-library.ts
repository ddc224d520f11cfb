import type { JsonRecord } from "./json-field.ts";
import type { Pattern } from "./matches.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** A text as ids and tokens, an id that is no number for a character that no token has. */
export interface EncodedText {
  readonly ids: number[];
  readonly tokens: readonly string[];
}

/** What encodes. */
export interface Encoder {
  encode(text: string): EncodedText;
  /**
   * The same in slices, after each of which others may run; undefined as soon as it is certain that there are more than
   * `most` ids.
   */
  slices(text: string, most: number): Generator<undefined, EncodedText | undefined, undefined>;
}

/** What the library for tokenizers is loaded for. */
export interface TextLibrary {
  encoder(tokenizer: JsonRecord, vocabulary: Vocabulary): Encoder;
  readPattern(pattern: { literal: string } | { source: string }, field: string): Pattern;
}
