import { type Check, checkValue } from "../../options/checks.ts";
import { byteLevelText } from "../../text/byte-level.ts";

/** White space of Unicode, which JavaScript's `\s` is not wholly: that has U+FEFF and lacks U+0085. */
const space = String.raw`\t-\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000`;

/** How GPT-2 splits a text into words (Radford et al. 2019, and its released code). */
const words = new RegExp(
  String.raw`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^${space}\p{L}\p{N}]+|[${space}]+(?![^${space}])|[${space}]+`,
  "gu",
);

const each: Check = (text) => (typeof text === "string" ? undefined : "a list of texts");

/** Lines with their ends: huggingface/tokenizers reads texts for training line by line, so no word crosses a line. */
const lines = /[^\n]*\n|[^\n]+/g;

/**
 * How often each word of texts occurs, as byte-level tokenizers write words (a space is `Ġ`). The words are those of GPT-2's
 * pattern in each line by itself, as huggingface/tokenizers counts them when it trains on files.
 */
export function countWords(texts: Iterable<string>): Map<string, number> {
  const counts = new Map<string, number>();
  for (const text of texts) {
    checkValue("trainTokenizer", "texts", each, text);
    for (const [line] of text.toWellFormed().matchAll(lines)) {
      for (const word of line.match(words) ?? []) counts.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  const bytes = new TextEncoder();
  return new Map([...counts].map(([word, count]) => [byteLevelText(bytes.encode(word)), count]));
}
