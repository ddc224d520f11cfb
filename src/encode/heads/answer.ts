import { boolean, checkOptions, checkValue, fieldsOf, having, integer, nonEmpty } from "../../options/checks.ts";
import type { EncodedInput } from "../../text/encoder-tokenizer.ts";
import { TextError } from "../../text/text-error.ts";
import { type HeadContext, headOf, typed } from "./context.ts";
import { logitsOfTexts } from "./logits.ts";
import { softmax } from "./scores.ts";

/** The part of a context that answers a question. */
export interface Answer {
  /** `context.slice(start, end)`; empty if `nullAnswer` allows it and no part is likelier. */
  readonly answer: string;
  readonly start: number;
  readonly end: number;
  /** Product of the probabilities of its first and of its last token. */
  readonly score: number;
}

/** How an answer is searched. */
export interface AnswerOptions {
  /** Maximum tokens of an answer. Default 15. */
  readonly maxTokens?: number | undefined;
  /** True: allows "no answer", for models trained for it. Default false. */
  readonly nullAnswer?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const fields = fieldsOf<AnswerOptions>({
  maxTokens: integer(1, 2 ** 31 - 1),
  nullAnswer: boolean,
  signal: having("aborted", "an AbortSignal"),
});

/** Longest input, and how many tokens of the context two successive inputs share: those of Hugging Face's pipeline. */
const [longestInput, longestStride] = [384, 128];

/** A part of the context between the question and the end of the input. */
interface Window {
  readonly ids: readonly number[];
  readonly typeIds: readonly number[];
  /** Tokens of the context in it, and the position of the first among all tokens. */
  readonly begin: number;
  readonly end: number;
  readonly offset: number;
}

/** A range of tokens of the whole input, with its score. */
interface Range {
  readonly first: number;
  readonly last: number;
  /** The tokens of the context in its window. */
  readonly from: number;
  readonly to: number;
  readonly score: number;
}

/**
 * The part of the context that answers a question: the range of at most `maxTokens` tokens with the largest product of
 * its first token's probability to begin an answer and its last token's to end one, by softmax over the context and the
 * special token at position 0, whose own product stands for no answer. A long context is split into overlapping
 * windows. Ranges are extended to whole words (Hugging Face's pipeline for question answering defines all of this).
 */
export async function answer(
  encoder: HeadContext,
  question: string,
  context: string,
  options: AnswerOptions = {},
): Promise<Answer> {
  checkValue("answer", "question", nonEmpty, question);
  checkValue("answer", "context", nonEmpty, context);
  checkOptions("answer", fields, options);
  const { maxTokens = 15, nullAnswer = false, signal } = options;
  const kind = headOf(encoder, "answer", "question-answering");
  const { tokenizer, config } = encoder;
  const input = typed(config, "answer", tokenizer.encodeInput(question, { pair: context }));
  const windows = windowsOf(input, Math.min(encoder.context, longestInput));
  const logits = await logitsOfTexts(encoder, kind, windows, signal);
  let best: Range | undefined;
  let none = Number.POSITIVE_INFINITY;
  for (const [i, window] of windows.entries()) {
    const { range, empty } = bestRange(window, logits[i] ?? new Float64Array(), maxTokens, tokenizer.specials.cls);
    none = Math.min(none, empty);
    if (!best || range.score > best.score) best = range;
  }
  if (!best || (nullAnswer && none > best.score)) return { answer: "", start: 0, end: 0, score: none };
  const { start, end } = charactersOf(input, best);
  return { answer: context.slice(start, end), start, end, score: best.score };
}

/** The inputs for a context: the question and the special tokens, with as many tokens of the context as fit. */
function windowsOf(input: EncodedInput, longest: number): Window[] {
  const { ids, typeIds, spans } = input;
  const first = spans.findIndex((span) => span?.of === 1);
  if (first < 0) throw new TextError("answer: the context has no tokens");
  const end = spans.findLastIndex((span) => span?.of === 1) + 1;
  const around = ids.length - (end - first);
  const room = longest - around;
  if (room < 1) {
    throw new TextError(
      `answer: the question has ${around} tokens with the special ones, which leaves none of ${longest} for the context`,
    );
  }
  const stride = Math.min(Math.floor(longest / 2), longestStride);
  const step = stride < room ? room - stride : room - Math.floor(room / 2);
  const windows: Window[] = [];
  for (let from = first; ; from += step) {
    const to = Math.min(from + room, end);
    const part = (values: readonly number[]) => [
      ...values.slice(0, first),
      ...values.slice(from, to),
      ...values.slice(end),
    ];
    windows.push({
      ids: part(ids),
      typeIds: part(typeIds),
      begin: first,
      end: first + to - from,
      offset: from - first,
    });
    if (to === end) return windows;
  }
}

/** The likeliest range of a window, and the probability of no answer. */
function bestRange(
  { ids, begin, end, offset }: Window,
  logits: Float64Array,
  most: number,
  cls: number | undefined,
): { readonly range: Range; readonly empty: number } {
  const allowed = [...ids.keys()].filter((i) => (i >= begin && i < end) || ids[i] === cls);
  const probabilities = (output: 0 | 1) => {
    const of = softmax(allowed.map((i) => logits[2 * i + output] ?? 0));
    return new Map(allowed.map((token, i) => [token, of[i] ?? 0]));
  };
  const [starts, ends] = [probabilities(0), probabilities(1)];
  let [first, last, score] = [begin, begin, -1];
  for (let s = begin; s < end; s++) {
    for (let e = s; e < Math.min(end, s + most); e++) {
      const product = (starts.get(s) ?? 0) * (ends.get(e) ?? 0);
      if (product > score) [first, last, score] = [s, e, product];
    }
  }
  const range = { first: first + offset, last: last + offset, from: begin + offset, to: end + offset, score };
  return { range, empty: (starts.get(0) ?? 0) * (ends.get(0) ?? 0) };
}

/** The characters of a range, from the beginning of its first word to the end of its last, within the window. */
function charactersOf({ spans, words }: EncodedInput, { first, last, from, to }: Range) {
  let [begin, end] = [first, last];
  while (begin > from && words[begin - 1] === words[first]) begin--;
  while (end + 1 < to && words[end + 1] === words[last]) end++;
  return { start: spans[begin]?.start ?? 0, end: spans[end]?.end ?? 0 };
}
