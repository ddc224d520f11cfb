import { boolean, checkOptions, checkValue, fieldsOf, having, listOf, nonEmpty } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { type HeadContext, headOf, wholeInput } from "./context.ts";
import { logitsOfTexts } from "./logits.ts";
import { type LabelScore, ordered, scoresOf, softmax } from "./scores.ts";
import { zeroShot } from "./zero-shot.ts";

/** A token of a text with its likeliest label. */
export interface LabelledToken extends LabelScore {
  /** The part of the text that it stands for: `text.slice(start, end)`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** What `classify` gives: labels of a text, or tokens with theirs where the head classifies tokens. */
export type Classification =
  | {
      /** All labels, the best first. */
      readonly labels: readonly LabelScore[];
      readonly tokens?: never;
    }
  | {
      /** The text's tokens in order, without those that the model adds around them. */
      readonly tokens: readonly LabelledToken[];
      readonly labels?: never;
    };

/** How a text is classified. */
export interface ClassifyOptions {
  /** A second text, for a head that compares two: a hypothesis, or a passage for a query. */
  readonly pair?: string | undefined;
  /** Labels that the model was not trained for, in place of its own: each makes a sentence, which the text may entail. */
  readonly labels?: readonly string[] | undefined;
  /** The sentence of a label, with `{}` for the label. Default `This example is {}.` */
  readonly template?: string | undefined;
  /** True: `labels` do not exclude each other, and each has a score of its own. Default false: their scores add up to 1. */
  readonly multiLabel?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

const fields = fieldsOf<ClassifyOptions>({
  pair: nonEmpty,
  labels: (value) =>
    listOf(nonEmpty)(value) ?? ((value as unknown[]).length > 0 ? undefined : "a list of at least one label"),
  template: (value) =>
    typeof value === "string" && value.includes("{}") ? undefined : "a text with {} where the label goes",
  multiLabel: boolean,
  signal: having("aborted", "an AbortSignal"),
});

/** The labels of a text, of a pair, or of a text's tokens, by the head that the encoder has. */
export async function classify(
  encoder: HeadContext,
  text: string,
  options: ClassifyOptions = {},
): Promise<Classification> {
  checkValue("classify", "text", nonEmpty, text);
  checkOptions("classify", fields, options);
  const { pair, labels, template, multiLabel, signal } = options;
  if (labels !== undefined) {
    if (pair !== undefined) throw new OptionError("classify: pair and labels are given, expected one of them");
    return { labels: await zeroShot(encoder, text, labels, { template, multiLabel, signal }) };
  }
  for (const [name, value] of Object.entries({ template, multiLabel })) {
    if (value !== undefined) throw new OptionError(`classify: ${name} is given without labels, which it is for`);
  }
  const kind = headOf(encoder, "classify", "sequence-classification", "token-classification");
  const { names, scoring } = encoder.chosen.labels ?? { names: [], scoring: "softmax" };
  const ofTokens = kind === "token-classification";
  if (ofTokens && pair !== undefined) {
    throw new OptionError(`classify: pair is given, but the head of ${encoder.name} classifies the tokens of one text`);
  }
  const input = wholeInput(encoder, "classify", text, pair);
  const [logits = new Float64Array()] = await logitsOfTexts(encoder, kind, [input], signal);
  if (!ofTokens) return { labels: ordered(scoresOf(logits, scoring), names) };
  const tokens = input.spans.flatMap((span, i): LabelledToken[] => {
    if (!span) return [];
    const { start, end } = span;
    const scores = softmax(logits.subarray(i * names.length, (i + 1) * names.length));
    const best = scores.indexOf(Math.max(...scores));
    return [{ text: text.slice(start, end), label: names[best] ?? "", score: scores[best] ?? 0, start, end }];
  });
  return { tokens };
}
