import type { JsonRecord } from "./json-field.ts";
import { byteLevelBytes } from "./parts/byte-level.ts";
import type { StepLimit } from "./pattern/step-limit.ts";

/** A range of a text, in UTF-16 units. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

/** How the pre-tokenizer and the model spell a text, as needed to locate its parts. */
export interface Writing {
  /** Characters represent UTF-8 bytes. */
  readonly byteLevel: boolean;
  /** The character for a space. */
  readonly space: string | undefined;
  /** Prefix of tokens that continue a word. */
  readonly prefix: string;
  /** Suffix of tokens that end a word. */
  readonly suffix: string;
}

/** The spelling of a validated model. */
export function modelWriting(model: JsonRecord): Pick<Writing, "prefix" | "suffix"> {
  const of = (name: string) => (typeof model[name] === "string" ? model[name] : "");
  return { prefix: of("continuing_subword_prefix"), suffix: of("end_of_word_suffix") };
}

/** Each UTF-16 unit of a piece, as its range of the text. */
type Units = readonly Span[];

function* codePoints(text: string, from: number): Generator<Span, undefined> {
  for (let at = from; at < text.length; ) {
    const width = (text.codePointAt(at) ?? 0) > 0xffff ? 2 : 1;
    yield { start: at, end: at + width };
    at += width;
  }
  return undefined;
}

function byteUnits(text: string, from: number, count: number): Span[] {
  const units: Span[] = [];
  for (const span of codePoints(text, from)) {
    if (units.length >= count) break;
    const bytes = new TextEncoder().encode(text.slice(span.start, span.end)).length;
    for (let i = 0; i < bytes; i++) units.push(span);
  }
  return units.slice(0, count);
}

function sameUnits(text: string, from: number, count: number): Span[] {
  const units: Span[] = [];
  for (const span of codePoints(text, from)) {
    if (units.length >= count) break;
    for (let i = span.start; i < span.end; i++) units.push(span);
  }
  return units;
}

/** The position of the first candidate in the text, from a position on. */
function findFirst(text: string, candidates: readonly string[], from: number, limit: StepLimit) {
  const next = from + (/^\s*/.exec(text.slice(from, from + 64))?.[0].length ?? 0);
  for (const at of [from, next]) {
    const candidate = candidates.find((one) => one !== "" && text.startsWith(one, at));
    if (candidate !== undefined) return { candidate, at };
  }
  let best = { candidate: "", at: from };
  for (const candidate of candidates) {
    limit.take(1 + (text.length - from) / 16);
    const at = candidate === "" ? -1 : text.indexOf(candidate, from);
    if (at >= 0 && (best.candidate === "" || at < best.at)) best = { candidate, at };
  }
  return best;
}

/**
 * Finds the pieces of a pre-tokenizer in the text, one after another: units for each. A piece may begin with an
 * inserted space.
 */
export function locatePieces(
  text: string,
  pieces: readonly string[],
  { byteLevel, space }: Writing,
  limit: StepLimit,
): Units[] {
  let from = 0;
  return pieces.map((piece) => {
    limit.take(1 + 2 * piece.length);
    const plain = byteLevel ? new TextDecoder().decode(byteLevelBytes(piece)) : piece;
    const written = space === undefined ? plain : plain.replaceAll(space, " ");
    const candidates = [
      plain,
      ...(written === plain ? [] : [written]),
      ...(written.startsWith(" ") ? [written.slice(1)] : []),
    ];
    const { candidate, at } = findFirst(text, candidates, from, limit);
    const inserted = plain.length - candidate.length;
    const rest = piece.length - inserted;
    const units = byteLevel ? byteUnits(text, at, rest) : sameUnits(text, at, rest);
    // An inserted space in front maps to the first character, as in the Rust library.
    const first = units[0] ?? codePoints(text, at).next().value ?? { start: at, end: at };
    from = at + candidate.length;
    return [...Array.from({ length: inserted }, () => first), ...units];
  });
}

/** The tokens of one piece, as ranges of the text. `whole` marks an unknown token for the whole piece. */
export function spansOfTokens(
  piece: string,
  units: Units,
  tokens: readonly string[],
  { prefix, suffix }: Writing,
  unknownIsPiece: boolean,
): Span[] {
  const span = (begin: number, end: number): Span => {
    const first = units[Math.min(begin, units.length - 1)] ?? { start: 0, end: 0 };
    return { start: first.start, end: units[Math.max(begin, end - 1)]?.end ?? first.end };
  };
  let at = 0;
  let bytes = 0;
  return tokens.map((token) => {
    if (unknownIsPiece && tokens.length === 1 && token !== piece) return span(0, piece.length);
    let surface = at > 0 && prefix !== "" && token.startsWith(prefix) ? token.slice(prefix.length) : token;
    if (suffix !== "" && surface.endsWith(suffix)) surface = surface.slice(0, -suffix.length);
    if (piece.startsWith(surface, at) && bytes === 0) {
      at += surface.length;
      return span(at - surface.length, at);
    }
    // The unknown token, or a byte of a character without a token.
    const character = String.fromCodePoint(piece.codePointAt(at) ?? 0x20);
    const begin = at;
    bytes++;
    if (!/^<0x[0-9A-F]{2}>$/.test(token) || bytes === new TextEncoder().encode(character).length) {
      bytes = 0;
      at += character.length;
    }
    return span(begin, begin + character.length);
  });
}
