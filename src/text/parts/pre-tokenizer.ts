import {
  ByteLevelPreTokenizer,
  type PreTokenizer as LibraryStep,
  MetaspacePreTokenizer,
} from "@huggingface/tokenizers";
import {
  asBoolean,
  asCharacter,
  asInteger,
  asString,
  type PipelineStep,
  patternFields,
  pipelineSteps,
  refuse,
  refuseStep,
} from "../json-field.ts";
import type { Pattern } from "../pattern/matches.ts";
import type { StepLimit } from "../pattern/step-limit.ts";
import { TextError } from "../text-error.ts";
import { readPattern } from "./normalizer.ts";
import { metaspaceFields } from "./token-decoder.ts";

/**
 * A step of a pre-tokenizer: splits the pieces of a text, each on its own; `section` numbers the stretches between
 * added tokens.
 */
interface PreTokenizerStep {
  (pieces: readonly string[], section: number, limit: StepLimit): string[];
  /** The same pieces in slices, of about `slice` characters each. */
  readonly slices?: (text: string, limit: StepLimit) => Generator<string[], void, undefined>;
}

/** A pre-tokenizer that can also return the pieces of a text in slices. */
export interface PreTokenizer extends PreTokenizerStep {
  readonly inSlices: (text: string, section: number, limit: StepLimit) => Generator<string[], void, undefined>;
}

/** Characters split before other tasks may run. */
const slice = 1 << 14;

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

/** `\w` of Rust's regular expressions, which this step uses; patterns in files are Oniguruma's. */
const WORD = String.raw`\p{Alphabetic}\p{M}\p{Nd}\p{Pc}\u200c\u200d`;

/** A literal text, escaped as the source of a regular expression. */
function escaped(literal: string): string {
  return literal.replaceAll(/[.*+?^${}()|[\]\\]/g, "\\$&");
}

/** Which parts are kept: the matches, the text between them, or both. */
type Kept = "matches" | "between" | "both";

function* cut(text: string, pattern: Pattern, kept: Kept, limit: StepLimit, most: number): Generator<string[], void> {
  let from = 0;
  for (let at = 0; at <= text.length; ) {
    const pieces: string[] = [];
    const found = (begin: number, end: number) => {
      if (kept !== "matches" && from < begin) pieces.push(text.slice(from, begin));
      if (kept !== "between" && begin < end) pieces.push(text.slice(begin, end));
      from = end;
    };
    at = pattern.each(text, limit, found, at, at + most);
    if (at > text.length && kept !== "matches" && from < text.length) pieces.push(text.slice(from));
    yield pieces;
  }
}

function splitAt(pattern: { literal: string } | { source: string }, kept: Kept, field: string): PreTokenizerStep {
  const read = readPattern(pattern, field);
  const whole: PreTokenizerStep = (pieces, _, limit) =>
    pieces.flatMap((text) => [...cut(text, read, kept, limit, text.length + 1)].flat());
  return Object.assign(whole, { slices: (text: string, limit: StepLimit) => cut(text, read, kept, limit, slice) });
}

const isolated = (source: string, field: string) => splitAt({ source }, "both", field);

/**
 * A Split in one of the five ways; the latter three are patterns that match a delimiter with the text it belongs to.
 */
function split(delimiter: string, behavior: string, invert: boolean, field: string): PreTokenizerStep {
  const notDelimiter = String.raw`(?:(?!${delimiter})[\s\S])`;
  const pattern = `${field}.pattern`;
  if (behavior === "Isolated") return isolated(delimiter, pattern);
  if (behavior === "Removed") return splitAt({ source: delimiter }, invert ? "matches" : "between", pattern);
  if (invert) throw new TextError(`${field}: ${behavior} with invert is not supported`);
  if (behavior === "MergedWithPrevious") return isolated(String.raw`[\s\S]*?(?:${delimiter})|[\s\S]+`, pattern);
  if (behavior === "MergedWithNext") return isolated(`(?:${delimiter})${notDelimiter}*|${notDelimiter}+`, pattern);
  if (behavior === "Contiguous") return isolated(`(?:${delimiter})+|${notDelimiter}+`, pattern);
  const known = '"Isolated", "Removed", "MergedWithPrevious", "MergedWithNext" or "Contiguous"';
  return refuse(`${field}.behavior`, behavior, known);
}

/** A step done by the library, in time proportional to the text. */
function libraryStep(library: LibraryStep): PreTokenizerStep {
  return (pieces, section, limit) => {
    for (const piece of pieces) limit.take(1 + 2 * piece.length);
    return library.pre_tokenize([...pieces], { section_index: section });
  };
}

/** Prepends a space to a piece that does not begin with one. */
const withSpace: PreTokenizerStep = (pieces, _, limit) => {
  limit.take(pieces.length);
  return pieces.map((piece) => (piece === "" || piece.startsWith(" ") ? piece : ` ${piece}`));
};

function byteLevel({ step, field }: PipelineStep): PreTokenizerStep[] {
  const bytes = libraryStep(new ByteLevelPreTokenizer({ add_prefix_space: false, use_regex: false } as never));
  const steps = [bytes];
  if (asBoolean(step["use_regex"], `${field}.use_regex`, true)) steps.unshift(isolated(GPT2_WORDS, field));
  // The space must be inserted before the words are split.
  if (asBoolean(step["add_prefix_space"], `${field}.add_prefix_space`, false)) steps.unshift(withSpace);
  return steps;
}

function metaspace({ step, field }: PipelineStep, index: number): PreTokenizerStep[] {
  const { replacement, prepend } = metaspaceFields(step, field);
  // The library treats every piece of the first section as the beginning of the text.
  if (prepend === "first" && index > 0) {
    throw new TextError(`${field}.prepend_scheme is "first" in a step that is not the first one: not supported`);
  }
  const steps = [libraryStep(new MetaspacePreTokenizer({ replacement, prepend_scheme: prepend } as never))];
  if (asBoolean(step["split"], `${field}.split`, true)) {
    steps.push(split(escaped(replacement), "MergedWithNext", false, field));
  }
  return steps;
}

function preTokenizerSteps(current: PipelineStep, index: number): PreTokenizerStep[] {
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
      return [isolated(single ? String.raw`\p{N}` : String.raw`\p{N}+`, field)];
    }
    case "Punctuation":
      return [split(PUNCTUATION, asString(step["behavior"] ?? "Isolated", `${field}.behavior`), false, field)];
    case "Whitespace":
      return [split(`[${WORD}]+|[^${WORD}\\s]+`, "Removed", true, field)];
    case "WhitespaceSplit":
      return [split(String.raw`\s+`, "Removed", false, field)];
    case "CharDelimiterSplit":
      return [split(escaped(asCharacter(step["delimiter"], `${field}.delimiter`)), "Removed", false, field)];
    case "FixedLength":
      return [isolated(String.raw`[\s\S]{1,${asInteger(step["length"], `${field}.length`, 1, 0xffff)}}`, field)];
    case "BertPreTokenizer":
      return [split(String.raw`\s+`, "Removed", false, field), split(PUNCTUATION, "Isolated", false, field)];
    default:
      return refuseStep(current, KNOWN);
  }
}

/**
 * The pre-tokenizer of tokenizer.json, checked, with the behaviour of the Rust library; undefined without one. The
 * JavaScript library would match white space and digits as JavaScript does (`\s` with U+FEFF and without U+0085, digits
 * in ASCII only), ignore the `split` and `add_prefix_space` of Metaspace, treat three of the five ways of splitting as
 * Isolated, drop the unmatched parts of an inverted Isolated split, keep literal delimiters that should be removed, and
 * never split punctuation into single characters; and its patterns run without a limit.
 */
export function readPreTokenizer(preTokenizer: unknown, field: string): PreTokenizer | undefined {
  const steps = pipelineSteps(preTokenizer, field, "pretokenizers").flatMap((step, index) =>
    preTokenizerSteps(step, index).map((run) => ({ field: step.field, run })),
  );
  if (steps.length === 0) return undefined;
  const run = (from: typeof steps, pieces: readonly string[], section: number, limit: StepLimit) => {
    let current = [...pieces];
    for (const step of from) {
      limit.field = step.field;
      limit.take(1 + current.length);
      current = step.run(current, section, limit);
    }
    return current;
  };
  const whole: PreTokenizerStep = (pieces, section, limit) => run(steps, pieces, section, limit);
  // Each piece is split on its own, so the first step that searches for matches may pass them on as it finds them.
  const first = steps.findIndex((step) => step.run.slices);
  return Object.assign(whole, {
    *inSlices(text: string, section: number, limit: StepLimit): Generator<string[], void, undefined> {
      const { field: searched, run: search } = steps[first] ?? {};
      if (!searched || !search?.slices) {
        yield whole([text], section, limit);
        return;
      }
      for (const piece of run(steps.slice(0, first), [text], section, limit)) {
        limit.field = searched;
        for (const pieces of search.slices(piece, limit)) {
          yield run(steps.slice(first + 1), pieces, section, limit);
          limit.field = searched;
        }
      }
    },
  });
}
