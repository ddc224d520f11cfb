import type { Progress } from "../../formats/load-progress.ts";
import {
  callback,
  checkOptions,
  checkValue,
  either,
  fieldsOf,
  having,
  integer,
  listOf,
  nonEmpty,
} from "../../options/checks.ts";
import { type HeadContext, headOf, typed, wholeInput } from "./context.ts";
import { logitsOfTexts } from "./logits.ts";
import { scoresOf } from "./scores.ts";

/** A text and a second one: a passage for a query, a hypothesis for a premise. */
export type TextPair = readonly [string, string];

/** Scores of texts by the labels of a classifier. */
export interface TextScores {
  /** For each text or pair a score per label, in the order of the encoder's `labels`. */
  readonly scores: readonly Float64Array[];
  /** Number of tokens of each. */
  readonly tokens: readonly number[];
}

/** How texts are scored. */
export interface ScoreOptions {
  /**
   * Maximum tokens of a text or pair, special ones included; in a pair the longer text is truncated. Default: no limit.
   */
  readonly maxTokens?: number | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called after each batch with the number of finished texts, and of all. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

const inputsCheck = listOf(either(nonEmpty, listOf(nonEmpty, 2)));
const fields = fieldsOf<ScoreOptions>({
  maxTokens: integer(1, 2 ** 31 - 1),
  signal: having("aborted", "an AbortSignal"),
  onProgress: callback,
});

/**
 * The scores of texts or pairs by the encoder's classifier, as `classify` returns them, computed together: with a
 * cross-encoder, whose only label it is, the relevance of passages to a query (Nogueira and Cho 2019).
 */
export async function scoreTexts(
  encoder: HeadContext,
  inputs: readonly (string | TextPair)[],
  options: ScoreOptions = {},
): Promise<TextScores> {
  checkValue("scores", "texts", inputsCheck, inputs);
  checkOptions("scores", fields, options);
  const { maxTokens, signal, onProgress } = options;
  const kind = headOf(encoder, "scores", "sequence-classification");
  const { scoring } = encoder.chosen.labels ?? { scoring: "softmax" };
  const encoded = inputs.map((input, i) => {
    const [text, second] = typeof input === "string" ? [input] : input;
    const where = `scores: texts[${i}]`;
    if (maxTokens === undefined) return wholeInput(encoder, where, text, second);
    const most = Math.min(maxTokens, encoder.context);
    const given = { maxTokens: most, ...(second === undefined ? {} : { pair: second }) };
    return typed(encoder.config, where, encoder.tokenizer.encodeInput(text, given));
  });
  const onDone = (done: number) => onProgress?.({ done, total: inputs.length });
  const logits = await logitsOfTexts(encoder, kind, encoded, signal, onDone);
  return { scores: logits.map((row) => scoresOf(row, scoring)), tokens: encoded.map(({ ids }) => ids.length) };
}
