import { ReplaceNormalizer, SequenceNormalizer } from "@huggingface/tokenizers";
import { bertNormalized, eachCharacter, lowercased } from "./bert-normalizer.ts";
import { asBoolean, asString, type PipelineStep, patternFields, pipelineSteps, refuseStep } from "./json-field.ts";
import { type Pattern, replaceMatches } from "./matches.ts";
import { makePattern } from "./pattern.ts";
import type { StepLimit } from "./step-limit.ts";
import { TextError } from "./text-error.ts";

type LibraryStep = Readonly<Record<string, unknown>>;

/** A step of a normalizer. */
export type NormalizerStep = (text: string, limit: StepLimit) => string;

/** A step with the field that it stands in. */
export interface NormalizerPart {
  readonly type: string;
  readonly field: string;
  readonly run: NormalizerStep;
  /** What a Replace looks for and writes. */
  readonly replaces?: { readonly pattern: Pattern; readonly content: string };
}

const PLAIN: ReadonlySet<string> = new Set(["NFC", "NFD", "NFKC", "NFKD", "StripAccents"]);
/** Longest pattern: those in use have some hundred characters. */
const MAX_PATTERN = 10_000;

const KNOWN = [...PLAIN, "Lowercase", "Strip", "Prepend", "Replace", "BertNormalizer", "Precompiled"];

/**
 * The pattern of a `Replace` or `Split` in tokenizer.json, whose expressions are Oniguruma's: the library writes them in
 * JavaScript's syntax. Throws a TextError that names `field`.
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

/** A step that the library does; none makes a text more than 18 times as long, nor longer again when repeated. */
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

/** The steps of the normalizer of tokenizer.json, checked, in order; none where there is no normalizer. */
export function normalizerParts(normalizer: unknown, field: string): NormalizerPart[] {
  return pipelineSteps(normalizer, field, "normalizers").map((current) => {
    const step = normalizerStep(current);
    return { type: current.type, field: current.field, ...(typeof step === "function" ? { run: step } : step) };
  });
}

/**
 * The normalizer of these steps, or undefined where there are none. `Precompiled` (the character map of SentencePiece,
 * found in T5 and XLM-R) is done by the library as NFKC with white space cleaned up, which is close to the usual maps.
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
