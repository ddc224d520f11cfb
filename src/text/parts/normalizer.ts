import { ReplaceNormalizer, SequenceNormalizer } from "@huggingface/tokenizers";
import { asBoolean, asString, type PipelineStep, patternFields, pipelineSteps, refuseStep } from "../json-field.ts";
import { type Pattern, replaceMatches } from "../pattern/matches.ts";
import { makePattern } from "../pattern/pattern.ts";
import type { StepLimit } from "../pattern/step-limit.ts";
import { TextError } from "../text-error.ts";

type LibraryStep = Readonly<Record<string, unknown>>;

/** A step of a normalizer. */
type NormalizerStep = (text: string, limit: StepLimit) => string;

/** A step with its field. */
export interface NormalizerPart {
  readonly type: string;
  readonly field: string;
  readonly run: NormalizerStep;
  /** The pattern and the replacement of a Replace. */
  readonly replaces?: { readonly pattern: Pattern; readonly content: string };
}

const PLAIN: ReadonlySet<string> = new Set(["NFC", "NFD", "NFKC", "NFKD", "StripAccents"]);
/** Longest pattern: real ones have some hundred characters. */
const MAX_PATTERN = 10_000;

const KNOWN = [...PLAIN, "Lowercase", "Strip", "Prepend", "Replace", "BertNormalizer", "Precompiled"];

/**
 * The pattern of a `Replace` or `Split` in tokenizer.json, whose expressions are Oniguruma's: the library translates
 * them to JavaScript's syntax. Throws a TextError that names `field`.
 */
export function readPattern(pattern: { literal: string } | { source: string }, field: string): Pattern {
  const source = "literal" in pattern ? pattern.literal : pattern.source;
  if (source.length > MAX_PATTERN) {
    throw new TextError(`${field} has ${source.length} characters, expected at most ${MAX_PATTERN}`);
  }
  const given = "literal" in pattern ? { String: source } : { Regex: source };
  let translated: RegExp | null;
  try {
    translated = new ReplaceNormalizer({ type: "Replace", pattern: given, content: "" }).pattern;
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    throw new TextError(`tokenizer.json cannot be used: ${field}: ${reason}`, { cause: error });
  }
  return makePattern(translated?.source ?? "", field);
}

/** A step done by the library; none makes a text more than 18 times as long, nor longer again when repeated. */
function libraryStep(config: LibraryStep): NormalizerStep {
  const library = new SequenceNormalizer({ type: "Sequence", normalizers: [config] } as never);
  return (text, limit) => {
    limit.take(text.length);
    return library.normalize(text);
  };
}

function normalizerStep(current: PipelineStep): NormalizerStep | Pick<NormalizerPart, "run" | "replaces"> {
  const { step, type, field } = current;
  if (PLAIN.has(type) || type === "Precompiled") return libraryStep({ type });
  switch (type) {
    case "Lowercase":
      return (text, limit) => {
        limit.take(text.length);
        return eachCharacter(text, lowercased);
      };
    case "Strip":
      return libraryStep({
        type,
        strip_left: asBoolean(step["strip_left"], `${field}.strip_left`, true),
        strip_right: asBoolean(step["strip_right"], `${field}.strip_right`, true),
      });
    case "Prepend": {
      const prepend = asString(step["prepend"], `${field}.prepend`);
      return (text, limit) => {
        limit.take(prepend.length + text.length);
        return text === "" ? "" : prepend + text;
      };
    }
    case "Replace": {
      const pattern = readPattern(patternFields(step, field), `${field}.pattern`);
      const content = asString(step["content"], `${field}.content`);
      return {
        run: (text, limit) => replaceMatches(text, pattern, content, limit),
        replaces: { pattern, content },
      };
    }
    case "BertNormalizer": {
      const lowercase = asBoolean(step["lowercase"], `${field}.lowercase`, true);
      const does = {
        lowercase,
        cleanText: asBoolean(step["clean_text"], `${field}.clean_text`, true),
        spaceChinese: asBoolean(step["handle_chinese_chars"], `${field}.handle_chinese_chars`, true),
        stripAccents: asBoolean(step["strip_accents"], `${field}.strip_accents`, lowercase),
      };
      return (text, limit) => bertNormalized(text, does, limit);
    }
    default:
      return refuseStep(current, KNOWN);
  }
}

/** The steps of the normalizer of tokenizer.json, checked, in order; none without a normalizer. */
export function normalizerParts(normalizer: unknown, field: string): NormalizerPart[] {
  return pipelineSteps(normalizer, field, "normalizers").map((current) => {
    const step = normalizerStep(current);
    return { type: current.type, field: current.field, ...(typeof step === "function" ? { run: step } : step) };
  });
}

/**
 * The normalizer of these steps, or undefined without any. The library implements `Precompiled` (the character map of
 * SentencePiece in T5 and XLM-R) as NFKC with white space cleaned up, which is close to the usual maps.
 */
export function normalizerOf(parts: readonly NormalizerPart[]): NormalizerStep | undefined {
  if (parts.length === 0) return undefined;
  return (text, limit) =>
    parts.reduce((current, { field, run }) => {
      limit.field = field;
      limit.take(1);
      return run(current, limit);
    }, text);
}

/** The steps of a BertNormalizer, in this order. */
interface BertNormalizing {
  /** Drops NUL, U+FFFD and control characters, and writes every white space as a space. */
  readonly cleanText: boolean;
  /** Puts a space on either side of a CJK character. */
  readonly spaceChinese: boolean;
  /** Decomposes characters and drops the non-spacing marks. */
  readonly stripAccents: boolean;
  readonly lowercase: boolean;
}

/** CJK ideographs: the blocks listed in BERT's first tokenizer, without kana and hangul. */
const CHINESE: readonly (readonly [first: number, last: number])[] = [
  [0x4e00, 0x9fff],
  [0x3400, 0x4dbf],
  [0x20000, 0x2a6df],
  [0x2a700, 0x2b73f],
  [0x2b740, 0x2b81f],
  [0x2b920, 0x2ceaf],
  [0xf900, 0xfaff],
  [0x2f800, 0x2fa1f],
];

function cleaned(character: string): string {
  if (/[\t\n\r]/.test(character)) return " ";
  if (character === "\ufffd" || /[\p{Cc}\p{Cf}\p{Co}]/u.test(character)) return "";
  return /\p{White_Space}/u.test(character) ? " " : character;
}

function spaced(character: string): string {
  const code = character.codePointAt(0) ?? 0;
  return CHINESE.some(([first, last]) => code >= first && code <= last) ? ` ${character} ` : character;
}

/** Applies `change` to each character separately. */
function eachCharacter(text: string, change: (character: string) => string): string {
  let changed = "";
  for (const character of text) changed += change(character);
  return changed;
}

/** A character in lower case regardless of context: a final sigma is treated as any other, as in the Rust library. */
const lowercased = (character: string): string => character.toLowerCase();

/**
 * The normalizer of BERT (huggingface/tokenizers, src/normalizers/bert.rs). The JavaScript library works on UTF-16
 * units, which splits ideographs beyond U+FFFF, and writes the last sigma of a word as ς.
 */
function bertNormalized(text: string, does: BertNormalizing, limit: StepLimit): string {
  limit.take(4 * text.length);
  let current = text;
  if (does.cleanText) current = eachCharacter(current, cleaned);
  if (does.spaceChinese) current = eachCharacter(current, spaced);
  if (does.stripAccents) current = current.normalize("NFD").replace(/\p{Mn}/gu, "");
  return does.lowercase ? eachCharacter(current, lowercased) : current;
}
