import { byteLevelBytes } from "./byte-level.ts";

/** The state of one decoding: `push` takes the pieces of a text in order, `end` returns what is still held back. */
export interface OpenStage {
  push(piece: string): readonly string[];
  end(): readonly string[];
}

/** One step of a decoder: the text of a token in the middle of a text, and how a whole text is decoded. */
export interface DecoderStage {
  /** The token's text when others precede and follow it. */
  middle(token: string): string;
  /** The bytes of a token that stands for bytes rather than text. */
  bytes?(token: string): Uint8Array | undefined;
  open(): OpenStage;
}

/** A stage that treats tokens independently, given only whether a token is the first. */
export function perToken(decode: (token: string, first: boolean) => string): DecoderStage {
  return {
    middle: (token) => decode(token, false),
    open() {
      let first = true;
      return {
        push(token) {
          const text = decode(token, first);
          first = false;
          return [text];
        },
        end: () => [],
      };
    },
  };
}

/**
 * Byte-level tokens to text. Bytes are joined over token boundaries until a character is complete; ill-formed bytes
 * become U+FFFD (WHATWG Encoding, "maximal subpart"). Added tokens are literal text.
 */
export function byteLevelStage(isAdded: (token: string) => boolean): DecoderStage {
  return {
    middle: (token) => token,
    bytes: (token) => (isAdded(token) ? undefined : byteLevelBytes(token)),
    open() {
      const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
      return {
        push: (token) =>
          isAdded(token) ? [utf8.decode(), token] : [utf8.decode(byteLevelBytes(token), { stream: true })],
        end: () => [utf8.decode()],
      };
    },
  };
}

/** The byte that a byte-fallback token such as `<0x0A>` stands for, or undefined for any other token. */
function fallbackByte(token: string): Uint8Array | undefined {
  const digits = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return digits === undefined ? undefined : Uint8Array.of(Number.parseInt(digits, 16));
}

/**
 * Tokens such as `<0xE4>` to text, the others as they are. A character is emitted as soon as its bytes are complete, so
 * an ill-formed run keeps its good characters and becomes U+FFFD only where it is broken. (The tokenizers library in
 * Rust turns every byte of such a run into U+FFFD, good ones too, which no stream that has already shown them can do.)
 */
export function byteFallbackStage(): DecoderStage {
  return {
    middle: (token) => token,
    bytes: fallbackByte,
    open() {
      const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });
      const flush = () => {
        const rest = utf8.decode();
        return rest === "" ? [] : [rest];
      };
      return {
        push(token) {
          const byte = fallbackByte(token);
          if (byte === undefined) return [...flush(), token];
          const text = utf8.decode(byte, { stream: true });
          return text === "" ? [] : [text];
        },
        end: flush,
      };
    },
  };
}

/** How many copies of `character` the text begins with, `limit` at most. */
function countLeading(text: string, character: string, limit: number): number {
  let count = 0;
  while (count < limit && text.startsWith(character, count * character.length)) count++;
  return count;
}

/** How many copies of `character` the text ends with, `limit` at most. */
function countTrailing(text: string, character: string, limit: number): number {
  let count = 0;
  while (count < limit && text.endsWith(character, text.length - count * character.length)) count++;
  return count;
}

/** Takes up to `start` copies of `character` off the front of every token and up to `stop` off its end. */
export function stripTokenStage(character: string, start: number, stop: number): DecoderStage {
  return perToken((token) => {
    const from = countLeading(token, character, start) * character.length;
    const to = token.length - countTrailing(token, character, stop) * character.length;
    return token.slice(from, Math.max(from, to));
  });
}

/** The same for the whole text: characters that may still be stripped from its end are held back. */
export function stripTextStage(character: string, start: number, stop: number): DecoderStage {
  return {
    middle: (token) => token,
    open() {
      let left = start;
      let held = "";
      return {
        push(piece) {
          const leading = countLeading(piece, character, left);
          const rest = piece.slice(leading * character.length);
          left = rest === "" ? left - leading : 0;
          held += rest;
          const cut = held.length - countTrailing(held, character, stop) * character.length;
          const text = held.slice(0, cut);
          held = held.slice(cut);
          return [text];
        },
        end: () => [],
      };
    },
  };
}

/**
 * Writes `suffix`, which marks the end of a word, as a space, and as nothing at the end of the text. What a token is in
 * both cases comes at once, the rest with the next token: the word without its space. Where stages follow, which take
 * whole tokens (`isLast` is false), all of a token comes with the next one.
 */
export function wordSuffixStage(suffix: string, isLast: boolean): DecoderStage {
  const middle = (token: string) => token.replaceAll(suffix, " ");
  return {
    middle,
    open() {
      let held = { middle: "", last: "" };
      return {
        push(token) {
          const before = held.middle;
          const [inside, last] = [middle(token), token.replaceAll(suffix, "")];
          let same = 0;
          while (isLast && same < last.length && inside[same] === last[same]) same++;
          held = { middle: inside.slice(same), last: last.slice(same) };
          return [before, inside.slice(0, same)].filter((piece) => piece !== "");
        },
        end: () => (held.last === "" ? [] : [held.last]),
      };
    },
  };
}
