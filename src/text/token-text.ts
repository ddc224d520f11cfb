import type { Tokenizer } from "./tokenizer.ts";

/**
 * The text of one token in the middle of a text, with its leading space; `�` represents part of a character. Empty for
 * an id without a token.
 */
export const tokenText = (tokenizer: Tokenizer, id: number): string =>
  new TextDecoder().decode(tokenizer.bytesOf(id) ?? new Uint8Array());

/** A text with visible white space, and with unprintable characters as code points. */
export function visible(text: string): string {
  return text
    .replaceAll(" ", "␣")
    .replaceAll("\n", "↵")
    .replaceAll("\t", "⇥")
    .replaceAll("\r", "␍")
    .replace(/\p{Cc}|\p{Cf}/gu, (character) => `U+${character.codePointAt(0)?.toString(16).padStart(4, "0")}`);
}
