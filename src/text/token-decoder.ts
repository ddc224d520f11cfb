import {
  byteFallbackStage,
  byteLevelStage,
  type DecoderStage,
  perToken,
  stripTextStage,
  stripTokenStage,
  wordSuffixStage,
} from "./decoder-stages.ts";
import {
  asBoolean,
  asInteger,
  asString,
  type PipelineStep,
  patternFields,
  pipelineSteps,
  refuse,
  refuseStep,
} from "./json-field.ts";
import { type Pattern, replaceMatches } from "./matches.ts";
import { metaspaceFields } from "./metaspace.ts";
import { makeStepLimit, type StepLimit } from "./step-limit.ts";
import { TextError } from "./text-error.ts";

/** One text being decoded from its tokens: `push` returns what is final, `end` the rest. */
export interface TokenDecoder {
  push(token: string): string;
  end(): string;
}

/** The validated decoder of a tokenizer. */
export interface TokenDecoding {
  open(): TokenDecoder;
  /** The bytes of one token in the middle of a text. */
  bytes(token: string): Uint8Array;
}

const KNOWN = ["ByteLevel", "ByteFallback", "Metaspace", "Replace", "Fuse", "Strip", "WordPiece", "BPEDecoder"];
/** Steps for a token, on top of those for its characters: a text has many tokens. */
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

/** What the stages of one decoder share. */
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
 * It is written here, not taken from the library, because a stream needs it one token at a time: every stage keeps only
 * what it cannot decide yet. So the cost of a token does not depend on the length of the text, and a stream gives the
 * same text as decoding all at once by construction. Rules: huggingface/tokenizers, src/decoders.
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
