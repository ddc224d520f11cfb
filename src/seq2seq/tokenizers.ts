import type { ModelFiles } from "../generate/model-files.ts";
import type { Tokenizer } from "../text/tokenizer.ts";

/** The tokenizers of an encoder-decoder: of its sources, and of what it generates. */
export interface SequenceTokenizers {
  readonly source: Tokenizer;
  readonly target: Tokenizer;
}

/** Reads them: both are one, that of `tokenizer.json`. */
export async function readTokenizers(files: ModelFiles): Promise<SequenceTokenizers> {
  const both = await files.tokenizer();
  return { source: both, target: both };
}
