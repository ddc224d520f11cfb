import {
  asBoolean,
  asInteger,
  asString,
  type JsonRecord,
  type PipelineStep,
  patternFields,
  pipelineSteps,
  refuse,
  refuseStep,
} from "../json-field.ts";
import { type Pattern, replaceMatches } from "../pattern/matches.ts";
import { makeStepLimit, type StepLimit } from "../pattern/step-limit.ts";
import { TextError } from "../text-error.ts";
import { byteLevelBytes } from "./byte-level.ts";

/** Where a Metaspace step inserts a space. */
type PrependScheme = "always" | "first" | "never";

/**
 * The fields of a Metaspace pre-tokenizer or decoder: the character written for a space, and where one is prepended.
 * Files older than `prepend_scheme` have `add_prefix_space` instead.
 */
export function metaspaceFields(
  step: JsonRecord,
  field: string,
): { readonly replacement: string; readonly prepend: PrependScheme } {
  const replacement = asString(step["replacement"] ?? "▁", `${field}.replacement`);
  if ([...replacement].length !== 1) refuse(`${field}.replacement`, replacement, "one character");
  const addPrefixSpace = asBoolean(step["add_prefix_space"], `${field}.add_prefix_space`, true);
  const prepend = step["prepend_scheme"] ?? (addPrefixSpace ? "always" : "never");
  if (prepend !== "always" && prepend !== "first" && prepend !== "never") {
    refuse(`${field}.prepend_scheme`, prepend, '"always", "first" or "never"');
  }
  return { replacement, prepend };
}

/** One text being decoded from its tokens: `push` returns what is final, `end` the rest. */
export interface TokenDecoder {
  push(token: string): string;
  end(): string;
}

/** The validated decoder of a tokenizer. */
interface TokenDecoding {
  open(): TokenDecoder;
  /** The bytes of one token in the middle of a text. */
  bytes(token: string): Uint8Array;
}

const KNOWN = ["ByteLevel", "ByteFallback", "Metaspace", "Replace", "Fuse", "Strip", "WordPiece", "BPEDecoder"];
/** Steps per token, in addition to those for its characters. */
const stepsOfToken = 2000;
/** Stages that join their tokens into one, so that later stages see the whole text as a single token. */
const JOINING: ReadonlySet<string> = new Set(["ByteLevel", "Fuse"]);

function replaceStage({ step, field }: PipelineStep, joined: boolean, { limit, readPattern }: Reading): DecoderStage {
  const pattern = patternFields(step, field);
  const content = asString(step["content"], `${field}.content`);
  if (joined && !("literal" in pattern && [...pattern.literal].length === 1)) {
    throw new TextError(`${field} is a Replace of more than one character after the tokens are fused: not supported`);
  }
  const read = readPattern(pattern, `${field}.pattern`);
  return perToken((token) => {
    limit.field = field;
    return replaceMatches(token, read, content, limit);
  });
}

function stripStage({ step, field }: PipelineStep, joined: boolean, afterBytes: boolean): DecoderStage {
  if (afterBytes && !joined) {
    throw new TextError(`${field} is a Strip between ByteFallback and Fuse: not supported`);
  }
  const character = asString(step["content"], `${field}.content`);
  if ([...character].length !== 1) refuse(`${field}.content`, character, "one character");
  const start = asInteger(step["start"] ?? 0, `${field}.start`, 0, 0xff);
  const stop = asInteger(step["stop"] ?? 0, `${field}.stop`, 0, 0xff);
  return (joined ? stripTextStage : stripTokenStage)(character, start, stop);
}

/** English clean-up of the WordPiece decoder, on one token with the space before it. */
function cleanUp(token: string): string {
  return token
    .replaceAll(" .", ".")
    .replaceAll(" ?", "?")
    .replaceAll(" !", "!")
    .replaceAll(" ,", ",")
    .replaceAll(" ' ", "'")
    .replaceAll(" n't", "n't")
    .replaceAll(" 'm", "'m")
    .replaceAll(" do not", " don't")
    .replaceAll(" 's", "'s")
    .replaceAll(" 've", "'ve")
    .replaceAll(" 're", "'re");
}

function wordPieceStage({ step, field }: PipelineStep): DecoderStage {
  const prefix = asString(step["prefix"] ?? "##", `${field}.prefix`);
  const cleanup = asBoolean(step["cleanup"], `${field}.cleanup`, true);
  return perToken((token, first) => {
    const continues = prefix !== "" && token.startsWith(prefix);
    const text = first ? token : continues ? token.slice(prefix.length) : ` ${token}`;
    return cleanup ? cleanUp(text) : text;
  });
}

/** State shared by the stages of one decoder. */
interface Reading {
  readonly limit: StepLimit;
  readonly readPattern: (pattern: { literal: string } | { source: string }, field: string) => Pattern;
  readonly isAdded: (token: string) => boolean;
}

function stageOf(
  current: PipelineStep,
  { joined, afterBytes, isLast }: Readonly<Record<"joined" | "afterBytes" | "isLast", boolean>>,
  reading: Reading,
) {
  const { step, type, field } = current;
  if (type === "Fuse") return perToken((token) => token);
  if (type === "Replace") return replaceStage(current, joined, reading);
  if (type === "Strip") return stripStage(current, joined, afterBytes);
  if (!KNOWN.includes(type)) refuseStep(current, KNOWN);
  if (joined) throw new TextError(`${field} is a ${type} after the tokens are fused: not supported`);
  if (type === "ByteLevel") return byteLevelStage(reading.isAdded);
  if (type === "ByteFallback") return byteFallbackStage();
  if (type === "WordPiece") return wordPieceStage(current);
  if (type === "BPEDecoder") {
    const suffix = asString(step["suffix"] ?? "</w>", `${field}.suffix`);
    return suffix === "" ? perToken((token) => token) : wordSuffixStage(suffix, isLast);
  }
  const { replacement, prepend } = metaspaceFields(step, field);
  return perToken((token, first) => token.replaceAll(replacement, first && prepend !== "never" ? "" : " "));
}

/**
 * Builds the decoder that tokenizer.json describes (null: tokens joined by spaces). `field` is its path for errors,
 * `isAdded` returns whether a token is an added one, which a byte-level decoder treats as text; `readPattern` reads the
 * patterns of `Replace`.
 *
 * Not taken from the library, because a stream needs it one token at a time: every stage keeps only what it cannot
 * decide yet. So the cost of a token does not depend on the length of the text, and a stream gives the same text as
 * decoding everything at once by construction. Rules: huggingface/tokenizers, src/decoders.
 */
export function createTokenDecoding(
  decoder: unknown,
  field: string,
  isAdded: Reading["isAdded"],
  readPattern: Reading["readPattern"],
): TokenDecoding {
  const limit = makeStepLimit(field, stepsOfToken);
  const steps = pipelineSteps(decoder, field, "decoders");
  let joined = false;
  let afterBytes = false;
  const stages = steps.map((step, i) => {
    const at = { joined, afterBytes, isLast: i === steps.length - 1 };
    const stage: DecoderStage = stageOf(step, at, { limit, readPattern, isAdded });
    joined ||= JOINING.has(step.type);
    afterBytes ||= step.type === "ByteFallback";
    return stage;
  });
  if (decoder === null || decoder === undefined) {
    stages.push(perToken((token, first) => (first ? token : ` ${token}`)));
  }
  return {
    bytes(token) {
      limit.begin(token.length);
      let text = token;
      for (const stage of stages) {
        const bytes = stage.bytes?.(text);
        if (bytes !== undefined) return bytes;
        text = stage.middle(text);
      }
      return new TextEncoder().encode(text);
    },
    open() {
      const open = stages.map((stage) => stage.open());
      return {
        push(token) {
          limit.begin(token.length);
          let pieces: readonly string[] = [token];
          for (const stage of open) pieces = pieces.flatMap((piece) => stage.push(piece));
          return pieces.join("");
        },
        end() {
          limit.begin(0);
          let pieces: readonly string[] = [];
          for (const stage of open) pieces = [...pieces.flatMap((piece) => stage.push(piece)), ...stage.end()];
          return pieces.join("");
        },
      };
    },
  };
}

/** The state of one decoding: `push` takes the pieces of a text in order, `end` returns the rest. */
interface OpenStage {
  push(piece: string): readonly string[];
  end(): readonly string[];
}

/** One step of a decoder: the text of a token in the middle of a text, and how a whole text is decoded. */
interface DecoderStage {
  /** The token's text when others precede and follow it. */
  middle(token: string): string;
  /** The bytes of a token that stands for bytes rather than text. */
  bytes?(token: string): Uint8Array | undefined;
  open(): OpenStage;
}

/** A stage that treats tokens independently, given only whether a token is the first. */
function perToken(decode: (token: string, first: boolean) => string): DecoderStage {
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
function byteLevelStage(isAdded: (token: string) => boolean): DecoderStage {
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

/** The byte of a byte-fallback token such as `<0x0A>`, or undefined for any other token. */
function fallbackByte(token: string): Uint8Array | undefined {
  const digits = /^<0x([0-9A-Fa-f]{2})>$/.exec(token)?.[1];
  return digits === undefined ? undefined : Uint8Array.of(Number.parseInt(digits, 16));
}

/**
 * Tokens such as `<0xE4>` to text, the others as they are. A character is emitted as soon as its bytes are complete, so
 * an ill-formed run keeps its valid characters and becomes U+FFFD only where it is broken. (The Rust library turns
 * every byte of such a run into U+FFFD, valid ones too, which a stream that has already shown them cannot do.)
 */
function byteFallbackStage(): DecoderStage {
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
function stripTokenStage(character: string, start: number, stop: number): DecoderStage {
  return perToken((token) => {
    const from = countLeading(token, character, start) * character.length;
    const to = token.length - countTrailing(token, character, stop) * character.length;
    return token.slice(from, Math.max(from, to));
  });
}

/** The same for the whole text: characters that may still be stripped from its end are held back. */
function stripTextStage(character: string, start: number, stop: number): DecoderStage {
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
 * Writes `suffix`, which marks the end of a word, as a space, and as nothing at the end of the text. The part common to
 * both cases is returned immediately, the rest with the next token. If stages follow, which take whole tokens (`isLast`
 * is false), the whole token is returned with the next one.
 */
function wordSuffixStage(suffix: string, isLast: boolean): DecoderStage {
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
