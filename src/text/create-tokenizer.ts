import { textLibrary } from "./library-tokenizer.ts";
import { type Tokenizer, tokenizerOf } from "./tokenizer.ts";

/**
 * Makes a tokenizer from a model's parsed `tokenizer.json` and `tokenizer_config.json` (undefined or null if a model
 * has none). Throws a TextError naming the file and the field if either is invalid or unsupported.
 */
export function createTokenizer(tokenizerJson: unknown, tokenizerConfig: unknown): Tokenizer {
  return tokenizerOf(tokenizerJson, tokenizerConfig, textLibrary);
}
