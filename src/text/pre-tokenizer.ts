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
import { metaspaceFields } from "./metaspace.ts";
import { TextError } from "./text-error.ts";

/** A pre-tokenizer step in a form of tokenizer.json that the library runs correctly. */
type LibraryStep = Readonly<Record<string, unknown>>;

const KNOWN = [
  "ByteLevel",
  "Metaspace",
  "Split",
  "Digits",
  "Punctuation",
  "Whitespace",
  "WhitespaceSplit",
  "CharDelimiterSplit",
  "FixedLength",
  "BertPreTokenizer",
];

/**
 * How GPT-2 splits a text into words (Radford et al. 2019; huggingface/tokenizers, src/pre_tokenizers/byte_level.rs).
 */
const GPT2_WORDS = String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`;

const PUNCTUATION = String.raw`[\p{P}\x21-\x2F\x3A-\x40\x5B-\x60\x7B-\x7E]`;

/** A literal text, escaped as the source of a regular expression. */
function escaped(literal: string): string {
  return literal.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** The same expression without capturing groups, which String.split would put between the pieces. */
function withoutGroups(source: string): string {
  const parts = /\\.|\[(?:\\.|[^\]])*\]|\(\?<[A-Za-z_]\w*>|\((?!\?)/gs;
  return source.replaceAll(parts, (part) => (part.startsWith("(") ? "(?:" : part));
}

function isolated(source: string): LibraryStep {
  return { type: "Split", pattern: { Regex: source }, behavior: "Isolated", invert: false };
}

/**
 * A Split that the library can run. The library has two ways of splitting, at every edge of a match (Isolated) and
 * dropping the matches (Removed), and treats the others as Isolated; those are rewritten here as a pattern that matches
 * a delimiter together with the text it belongs to.
 */
function split(delimiter: string, behavior: string, invert: boolean, field: string): LibraryStep {
  const notDelimiter = String.raw`(?:(?!${delimiter})[\s\S])`;
  if (behavior === "Isolated") return isolated(delimiter);
  if (behavior === "Removed") return { type: "Split", pattern: { Regex: withoutGroups(delimiter) }, behavior, invert };
  if (invert) throw new TextError(`${field}: ${behavior} with invert is not supported`);
  if (behavior === "MergedWithPrevious") return isolated(String.raw`[\s\S]*?(?:${delimiter})|[\s\S]+`);
  if (behavior === "MergedWithNext") return isolated(`(?:${delimiter})${notDelimiter}*|${notDelimiter}+`);
  if (behavior === "Contiguous") return isolated(`(?:${delimiter})+|${notDelimiter}+`);
  const known = '"Isolated", "Removed", "MergedWithPrevious", "MergedWithNext" or "Contiguous"';
  return refuse(`${field}.behavior`, behavior, known);
}

function byteLevel({ step, field }: PipelineStep): LibraryStep[] {
  const steps: LibraryStep[] = [{ type: "ByteLevel", add_prefix_space: false, use_regex: false }];
  if (asBoolean(step["use_regex"], `${field}.use_regex`, true)) steps.unshift(isolated(GPT2_WORDS));
  if (asBoolean(step["add_prefix_space"], `${field}.add_prefix_space`, false)) {
    // The space has to be inserted before the words are split. Without an anchor: V8 also matches "not after anything"
    // in the middle of a surrogate pair.
    steps.unshift({ type: "Replace", pattern: { Regex: String.raw` ([\s\S]*)|([\s\S]+)` }, content: " $1$2" });
  }
  return steps;
}

function metaspace({ step, field }: PipelineStep, index: number): LibraryStep[] {
  const { replacement, prepend } = metaspaceFields(step, field);
  // The library treats every piece of the first section as the beginning of the text.
  if (prepend === "first" && index > 0) {
    throw new TextError(`${field}.prepend_scheme is "first" in a step that is not the first one: not supported`);
  }
  const steps: LibraryStep[] = [{ type: "Metaspace", replacement, prepend_scheme: prepend }];
  if (asBoolean(step["split"], `${field}.split`, true)) {
    steps.push(split(escaped(replacement), "MergedWithNext", false, field));
  }
  return steps;
}

function libraryStep(current: PipelineStep, index: number): LibraryStep[] {
  const { step, type, field } = current;
  switch (type) {
    case "ByteLevel":
      return byteLevel(current);
    case "Metaspace":
      return metaspace(current, index);
    case "Split": {
      const pattern = patternFields(step, field);
      const source = "literal" in pattern ? escaped(pattern.literal) : pattern.source;
      const behavior = asString(step["behavior"], `${field}.behavior`);
      return [split(source, behavior, asBoolean(step["invert"], `${field}.invert`, false), field)];
    }
    case "Digits": {
      const single = asBoolean(step["individual_digits"], `${field}.individual_digits`, false);
      return [isolated(single ? String.raw`\p{N}` : String.raw`\p{N}+`)];
    }
    case "Punctuation":
      return [split(PUNCTUATION, asString(step["behavior"] ?? "Isolated", `${field}.behavior`), false, field)];
    case "Whitespace":
      return [split(String.raw`\w+|[^\w\s]+`, "Removed", true, field)];
    case "WhitespaceSplit":
      return [split(String.raw`\s+`, "Removed", false, field)];
    case "CharDelimiterSplit":
      return [split(escaped(asString(step["delimiter"], `${field}.delimiter`)), "Removed", false, field)];
    case "FixedLength":
      return [isolated(String.raw`[\s\S]{1,${asInteger(step["length"], `${field}.length`, 1, 0xffff)}}`)];
    case "BertPreTokenizer":
      return [{ type }];
    default:
      return refuseStep(current, KNOWN);
  }
}

/**
 * The pre-tokenizer of tokenizer.json, checked, in a form that `@huggingface/tokenizers` runs like the Rust library for
 * which the file was made. Without the changes, it would: match white space and digits as JavaScript does (`\s` with
 * U+FEFF and without U+0085, digits in ASCII only), ignore the `split` and `add_prefix_space` of Metaspace, treat three
 * of the five ways of splitting as Isolated, drop what an inverted Isolated split does not match, keep literal
 * delimiters that should be removed, and never split punctuation into single characters.
 */
export function libraryPreTokenizer(preTokenizer: unknown, field: string): LibraryStep | null {
  const steps = pipelineSteps(preTokenizer, field, "pretokenizers").flatMap(libraryStep);
  return steps.length === 0 ? null : { type: "Sequence", pretokenizers: steps };
}
