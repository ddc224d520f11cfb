import type { TokenDecoder } from "./parts/token-decoder.ts";
import { TextError } from "./text-error.ts";

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
  /** Returns the rest, an incomplete character as U+FFFD. Nothing may be pushed afterwards. */
  end(): string;
}

/**
 * Decodes ids one by one. A character is never split across pieces, and the pieces joined equal `tokenizer.decode` of
 * all ids with the same `skipSpecialTokens`. The cost of a token is proportional to its own length, not to the text so
 * far.
 *
 * `after` are preceding ids, such as the prompt's: their text is not returned, but the stream continues from them. So
 * the first word keeps the leading space that it would lose at the beginning of a text, and an incomplete character is
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

/** A filter that watches a text for stop strings. */
export interface StopMatcher {
  /**
   * Takes the next piece. `text` may be shown: it comes before any stop string and cannot become part of one. `stopped`
   * is the stop string once one has occurred; from then on `text` is empty.
   */
  push(piece: string): { readonly text: string; readonly stopped: string | undefined };
  /** Returns what was held back, when the text ends without a stop string. */
  end(): string;
}

/** How many characters at the end of `text` are the beginning, but not the whole, of one of `stops`. */
function heldBack(text: string, stops: readonly string[], longest: number): number {
  for (let count = Math.min(longest - 1, text.length); count > 0; count--) {
    const tail = text.slice(text.length - count);
    if (stops.some((stop) => stop.startsWith(tail))) return count;
  }
  return 0;
}

/**
 * Watches a text for stop strings, however it is split into pieces. The stop string completed first wins; of two
 * completed by the same character, the longer one. Only the text before it is ever returned. An empty string, or one
 * with half a surrogate pair, is a TextError; without stop strings everything passes.
 */
export function createStopMatcher(stops: readonly string[]): StopMatcher {
  for (const [i, stop] of stops.entries()) {
    if (stop === "") throw new TextError(`stop string ${i} is empty, expected at least one character`);
    if (!stop.isWellFormed()) throw new TextError(`stop string ${i} is not well-formed Unicode`);
  }
  const longest = Math.max(0, ...stops.map((stop) => stop.length));
  let held = "";
  let stopped: string | undefined;
  return {
    push(piece) {
      if (stopped !== undefined) return { text: "", stopped };
      const text = held + piece;
      let end = Number.POSITIVE_INFINITY;
      for (const stop of stops) {
        const start = text.indexOf(stop);
        if (start < 0 || start + stop.length > end) continue;
        if (start + stop.length < end || stop.length > (stopped ?? "").length) stopped = stop;
        end = start + stop.length;
      }
      if (stopped !== undefined) {
        held = "";
        return { text: text.slice(0, end - stopped.length), stopped };
      }
      const cut = text.length - heldBack(text, stops, longest);
      held = text.slice(cut);
      return { text: text.slice(0, cut), stopped };
    },
    end() {
      const rest = held;
      held = "";
      return rest;
    },
  };
}
