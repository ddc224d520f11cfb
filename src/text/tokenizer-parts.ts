import type { Tokenizer as LibraryTokenizer } from "@huggingface/tokenizers";
import type { NormalizerPart } from "./parts/normalizer.ts";
import type { PreTokenizer } from "./parts/pre-tokenizer.ts";
import type { Subwords } from "./parts/subwords.ts";
import type { StepLimit } from "./pattern/step-limit.ts";

/** The stages of encoding a text. */
export interface TokenizerParts {
  readonly library: LibraryTokenizer;
  readonly normalizer: readonly NormalizerPart[];
  readonly preTokenizer: PreTokenizer | undefined;
  readonly subwords: Subwords;
  /** True if every character of a text is in some token. */
  readonly keepsText: boolean;
  /** The limit of steps for all of them, restarted with each text. */
  readonly limit: StepLimit;
}
