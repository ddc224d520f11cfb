import type { JsonRecord } from "./json-field.ts";
import type { Pattern } from "./matches.ts";
import type { Vocabulary } from "./vocabulary.ts";

/** What encodes: ids and tokens of a text, an id that is no number for a character that no token has. */
export interface Encoder {
  encode(text: string): { readonly ids: number[]; readonly tokens: readonly string[] };
}

/** What the library for tokenizers is loaded for. */
export interface TextLibrary {
  encoder(tokenizer: JsonRecord, vocabulary: Vocabulary): Encoder;
  readPattern(pattern: { literal: string } | { source: string }, field: string): Pattern;
}
