import { checkOptions, checkValue, fieldsOf, having, integer, listOf, text } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { EncoderTokenizer } from "../../text/encoder-tokenizer.ts";
import { ignored } from "../objectives/token-batches.ts";

/** The tokens of a text whose words have labels. */
export interface LabelledTokens {
  readonly ids: readonly number[];
  readonly types: readonly number[];
  /** The label of each word at its first token; −100 at others and at special tokens. */
  readonly labels: readonly number[];
}

/** How words are encoded. */
export interface LabelWordsOptions {
  /** Maximum number of tokens, including special ones; words beyond are cut off. Default unlimited. */
  readonly maxTokens?: number | undefined;
}

const fields = fieldsOf<LabelWordsOptions>({
  maxTokens: integer(1, 2 ** 31 - 1),
});
const labelsCheck = listOf((value) => (Number.isInteger(value) ? undefined : "an integer"));

/** Words of a text: what white space separates. */
export const wordsIn = (text: string): { readonly start: number; readonly end: number }[] =>
  Array.from(text.matchAll(/\S+/g), ({ index, 0: word }) => ({ start: index, end: index + word.length }));

/**
 * The tokens of a text with a label for each word, as white space separates them, for `classify-tokens`. As in token
 * classification by transformers, the first token of a word has its label, and the others do not count; the text is
 * encoded as it stands. `tokenizer` is that of a model from `openTrainableEncoder`.
 *
 * @throws OptionError for another number of labels than words.
 */
export function labelWords(
  tokenizer: EncoderTokenizer,
  content: string,
  labels: readonly number[],
  options: LabelWordsOptions = {},
): LabelledTokens {
  checkValue("labelWords", "tokenizer", having("encodeInput", "an encoder's tokenizer"), tokenizer);
  checkValue("labelWords", "content", text, content);
  checkValue("labelWords", "labels", labelsCheck, labels);
  checkOptions("labelWords", fields, options);
  const words = wordsIn(content);
  if (words.length !== labels.length) {
    throw new OptionError(`labelWords: the text has ${words.length} words, and there are ${labels.length} labels`);
  }
  const { maxTokens } = options;
  const { ids, typeIds, spans } = tokenizer.encodeInput(content, maxTokens === undefined ? {} : { maxTokens });
  let next = 0; // the first word that has no token yet
  const found = spans.map((span) => {
    if (!span) return ignored;
    const start = span.start + (content.slice(span.start, span.end).match(/^\s*/)?.[0].length ?? 0);
    while (next < words.length && (words[next]?.end ?? 0) <= start) next++;
    const word = words[next];
    if (!word || start < word.start || start >= span.end) return ignored;
    next++;
    return labels[next - 1] ?? ignored;
  });
  return { ids, types: typeIds, labels: found };
}
