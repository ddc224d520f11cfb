import type { JsonRecord } from "./json-field.ts";
import type { Vocabulary } from "./parts/vocabulary.ts";
import type { Pattern } from "./pattern/matches.ts";

/** A text as ids and tokens; the id of a character without a token is not a number. */
export interface EncodedText {
  readonly ids: number[];
  readonly tokens: readonly string[];
}

/** An encoder. */
export interface Encoder {
  encode(text: string): EncodedText;
  /**
   * The same in slices, after each of which other tasks may run; undefined once there are certainly more than `most`
   * ids.
   */
  slices(text: string, most: number): Generator<undefined, EncodedText | undefined, undefined>;
}

/** The parts of the tokenizer library in use. */
export interface TextLibrary {
  encoder(tokenizer: JsonRecord, vocabulary: Vocabulary): Encoder;
  readPattern(pattern: { literal: string } | { source: string }, field: string): Pattern;
}
