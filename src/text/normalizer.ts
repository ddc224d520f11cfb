import { asBoolean, asString, type PipelineStep, patternFields, pipelineSteps, refuseStep } from "./json-field.ts";

type LibraryStep = Readonly<Record<string, unknown>>;

const PLAIN: ReadonlySet<string> = new Set(["NFC", "NFD", "NFKC", "NFKD", "Lowercase", "StripAccents"]);
const KNOWN = [...PLAIN, "Strip", "Prepend", "Replace", "BertNormalizer", "Precompiled"];

function libraryStep(current: PipelineStep): LibraryStep {
  const { step, type, field } = current;
  if (PLAIN.has(type)) return { type };
  switch (type) {
    case "Strip":
      return {
        type,
        strip_left: asBoolean(step["strip_left"], `${field}.strip_left`, true),
        strip_right: asBoolean(step["strip_right"], `${field}.strip_right`, true),
      };
    case "Prepend":
      return { type, prepend: asString(step["prepend"], `${field}.prepend`) };
    case "Replace": {
      const pattern = patternFields(step, field);
      return {
        type,
        pattern: "literal" in pattern ? { String: pattern.literal } : { Regex: pattern.source },
        // The library passes the content to String.replaceAll, in which "$" is special.
        content: asString(step["content"], `${field}.content`).replaceAll("$", "$$$$"),
      };
    }
    case "BertNormalizer": {
      const lowercase = asBoolean(step["lowercase"], `${field}.lowercase`, true);
      return {
        type,
        lowercase,
        clean_text: asBoolean(step["clean_text"], `${field}.clean_text`, true),
        handle_chinese_chars: asBoolean(step["handle_chinese_chars"], `${field}.handle_chinese_chars`, true),
        strip_accents: asBoolean(step["strip_accents"], `${field}.strip_accents`, lowercase),
      };
    }
    case "Precompiled":
      return { type };
    default:
      return refuseStep(current, KNOWN);
  }
}

/**
 * The normalizer of tokenizer.json, checked, for `@huggingface/tokenizers`. `Precompiled` (the character map of
 * SentencePiece, found in T5 and XLM-R) is done by the library as NFKC with white space cleaned up, which is close to
 * the usual maps.
 */
export function libraryNormalizer(normalizer: unknown, field: string): LibraryStep | null {
  const normalizers = pipelineSteps(normalizer, field, "normalizers").map(libraryStep);
  return normalizers.length === 0 ? null : { type: "Sequence", normalizers };
}
