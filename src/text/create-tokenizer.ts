import { libraryTokenizer } from "./library-tokenizer.ts";
import { type Tokenizer, tokenizerOf } from "./tokenizer.ts";

/**
 * Makes a tokenizer of a model's parsed `tokenizer.json` and `tokenizer_config.json` (undefined or null where a model
 * has none). Throws a TextError naming the file and the field where either is broken or asks for what is not known.
 */
export function createTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): Tokenizer {
  return tokenizerOf(tokenizerJson, tokenizerConfig, libraryTokenizer);
}
