import type { TokenDecoder } from "./token-decoder.ts";

/** The decoding part of a tokenizer. */
export interface TokenReader {
  /** The token as written in the vocabulary (`Ġthe`, `▁the`, `<0x0A>`). */
  token(id: number): string | undefined;
  isSpecial(id: number): boolean;
  /** Begins to decode one text, token by token; `createTextStream` is the same for ids. */
  openDecoder(): TokenDecoder;
}

/** A text that arrives token by token. */
export interface TextStream {
  /** Takes the next id; returns the text that is final with it, often empty. */
  push(id: number): string;
  /** Returns what is still held back, an incomplete character as U+FFFD. Nothing may be pushed afterwards. */
  end(): string;
}

/**
 * Decodes ids one by one. A character is never split across pieces, and the pieces joined equal `tokenizer.decode` of
 * all ids with the same `skipSpecialTokens`. The cost of a token is proportional to its own length, not to the text so
 * far.
 *
 * `after` are preceding ids, such as the prompt's: their text is not returned, but the stream continues from them. So
 * the first word keeps the space that it would lose at the beginning of a text, and an incomplete character is
 * completed.
 */
export function createTextStream(
  tokenizer: TokenReader,
  options: { readonly skipSpecialTokens?: boolean; readonly after?: Iterable<number> } = {},
): TextStream {
  const { skipSpecialTokens = true, after = [] } = options;
  const decoder = tokenizer.openDecoder();
  const push = (id: number) => {
    const token = tokenizer.token(id);
    return token === undefined || (skipSpecialTokens && tokenizer.isSpecial(id)) ? "" : decoder.push(token);
  };
  for (const id of after) push(id);
  return { push, end: () => decoder.end() };
}
