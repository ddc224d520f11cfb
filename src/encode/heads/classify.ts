import { FormatError, listed } from "../../formats/format-error.ts";
import { boolean, checkOptions, checkValue, fieldsOf, having, listOf, nonEmpty } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { type HeadContext, headOf, wholeInput } from "./context.ts";
import { logitsOfTexts } from "./logits.ts";
import { type LabelScore, ordered, scoresOf, softmax } from "./scores.ts";

/** A token of a text with its likeliest label. */
export interface LabelledToken extends LabelScore {
  /** Its part of the text: `text.slice(start, end)`. */
  readonly text: string;
  readonly start: number;
  readonly end: number;
}

/** The result of `classify`: labels of a text, or tokens with labels for a token classifier. */
export type Classification =
  | {
      /** All labels, the best first. */
      readonly labels: readonly LabelScore[];
      readonly tokens?: never;
    }
  | {
      /** The text's tokens in order, without special tokens. */
      readonly tokens: readonly LabelledToken[];
      readonly labels?: never;
    };

/** How a text is classified. */
export interface ClassifyOptions {
  /** A second text, for a head that compares two: a hypothesis, or a passage for a query. */
  readonly pair?: string | undefined;
  /** Labels in place of the model's own (zero-shot): each is put in a sentence, which the text may entail. */
  readonly labels?: readonly string[] | undefined;
  /** The sentence of a label, with `{}` for the label. Default `This example is {}.` */
  readonly template?: string | undefined;
  /** True: `labels` do not exclude each other and are scored independently. Default false: their scores sum to 1. */
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

/** The labels of a text, of a pair, or of a text's tokens, by the encoder's head. */
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

/** How labels are converted to sentences. */
interface ZeroShotOptions {
  readonly template?: string | undefined;
  readonly multiLabel?: boolean | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Zero-shot scores of labels (Yin, Hay and Roth 2019, as Hugging Face's pipeline computes them): each becomes a
 * hypothesis, and a natural language inference head decides whether the text entails it. Softmax runs over the
 * entailment logits of all labels or, for labels that do not exclude each other or a single one, over each label's
 * entailment and contradiction. Contradiction is the model's first label, or the last if entailment is the first.
 */
async function zeroShot(
  encoder: HeadContext,
  text: string,
  labels: readonly string[],
  { template = "This example is {}.", multiLabel = false, signal }: ZeroShotOptions,
): Promise<LabelScore[]> {
  const kind = headOf(encoder, "classify with labels", "sequence-classification");
  const names = encoder.chosen.labels?.names ?? [];
  const entailment = names.findIndex((name) => name.toLowerCase().startsWith("entail"));
  if (entailment < 0 || names.length < 2) {
    throw new FormatError(
      encoder.name,
      `has the labels ${listed(names)}, expected one that begins with entail and one for contradiction: labels of your ` +
        "own need a model of natural language inference",
    );
  }
  const contradiction = entailment === 0 ? names.length - 1 : 0;
  const inputs = labels.map((label) =>
    wholeInput(
      encoder,
      "classify",
      text,
      template.replaceAll("{}", () => label),
    ),
  );
  const logits = await logitsOfTexts(encoder, kind, inputs, signal);
  const at = (i: number) => logits.map((row) => row[i] ?? 0);
  const entailed = at(entailment);
  const scores =
    multiLabel || labels.length === 1
      ? at(contradiction).map((against, i) => softmax([against, entailed[i] ?? 0])[1] ?? 0)
      : softmax(entailed);
  return ordered(scores, labels);
}
