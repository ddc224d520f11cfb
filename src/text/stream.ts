import type { TokenDecoder } from "./token-decoder.ts";

/** The tokens of ids and how they become text: what of a tokenizer decodes. */
export interface TokenReader {
  /** The token as the vocabulary writes it (`Ġthe`, `▁the`, `<0x0A>`). */
  token(id: number): string | undefined;
  isSpecial(id: number): boolean;
  /** Begins to decode one text, token by token; `createTextStream` is the same for ids. */
  openDecoder(): TokenDecoder;
}

/** A text that arrives token by token. */
export interface TextStream {
  /** Takes the next id; gives the text that has become certain with it, often none. */
  push(id: number): string;
  /** Gives what is still held back: an unfinished character as U+FFFD. Nothing may be pushed after it. */
  end(): string;
}

/**
 * Decodes ids one by one. A character is never split over pieces, and all pieces joined are `tokenizer.decode` of all
 * ids with the same `skipSpecialTokens`. A token costs its own length, not that of the text so far.
 *
 * `after` are ids that came before, say the prompt's: their text is not given, but the stream goes on from them. So the
 * first word keeps the space that it would lose at the beginning of a text, and a character begun there is completed.
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
