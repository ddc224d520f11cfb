import type { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import type { NormalizerPart } from "./normalizer.ts";
import type { PreTokenizer } from "./pre-tokenizer.ts";
import type { StepLimit } from "./step-limit.ts";
import type { Subwords } from "./subwords.ts";

/** What encodes a text, part by part. */
export interface TokenizerParts {
  readonly library: LibraryTokenizer;
  readonly normalizer: readonly NormalizerPart[];
  readonly preTokenizer: PreTokenizer | undefined;
  readonly subwords: Subwords;
  /** True where every character of a text is in some token. */
  readonly keepsText: boolean;
  /** The limit of steps for all of them: begins with each text. */
  readonly limit: StepLimit;
}
