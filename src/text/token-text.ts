import type { Tokenizer } from "./tokenizer.ts";

/**
 * The text of one token as it stands in the middle of a text, with the space that it begins with; `�` stands for a part of a
 * character. Empty for an id without a token.
 */
export const tokenText = (tokenizer: Tokenizer, id: number): string =>
  new TextDecoder().decode(tokenizer.bytesOf(id) ?? new Uint8Array());
