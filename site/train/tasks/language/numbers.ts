import { answered, ofSentences, otherModels } from "../pairs.ts";
import { below, split } from "../random.ts";
import type { Task } from "../task.ts";
import { wordsOf } from "./words.ts";

const small = (
  "zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen " +
  "eighteen nineteen"
).split(" ");
const tens = "twenty thirty forty fifty sixty seventy eighty ninety".split(" ");

/** A number below a million in English words. */
export function inWords(value: number): string {
  if (value < 20) return small[value] ?? "";
  if (value < 100) {
    const ten = tens[Math.floor(value / 10) - 2] ?? "";
    return value % 10 === 0 ? ten : `${ten} ${inWords(value % 10)}`;
  }
  const [unit, name] = value < 1000 ? [100, "hundred"] : [1000, "thousand"];
  const [count, rest] = [Math.floor(value / unit), value % unit];
  const after = rest === 0 ? "" : rest < 100 ? ` and ${inWords(rest)}` : ` ${inWords(rest)}`;
  return `${inWords(count)} ${name}${after}`;
}

/** Maximum words of a number with so many digits, reached by sevens. */
const longest = (digits: number): number => inWords(Number("7".repeat(digits))).split(" ").length;

const words = wordsOf([...small, ...tens, "hundred", "thousand", "and"]);

/** Numbers in words: a digit depends on distant words, and zeros are not spoken at all. */
export const numbers: Task = {
  name: "numbers",
  title: "Read numbers",
  group: "Numbers",
  says: "A number in words, and its digits after it: three hundred and five = → 305. A word is a token; zeros are what no word says.",
  length: { label: "digits", range: [2, 6], standard: 6 },
  ...ofSentences,
  variations: otherModels(
    {
      paper: "The Transformer of 2017: an encoder reads the words, and a decoder that looks at them writes the digits.",
      attentive:
        "The words are read one after the other, and each digit finds the word that says it: it learns sooner.",
      plain: "One state has to hold the whole number: most are right after three times as many steps.",
    },
    { steps: 1000 },
  ),
  examples: (digits) =>
    answered({
      ...words.tokensWith("0123456789=."),
      promptLength: longest(digits) + 1,
      answerLength: digits + 1,
      end: ".",
      // Lengths are drawn first: nine in ten numbers below a million have six digits.
      ...split((random) => {
        const value = below(random, 10 ** (1 + below(random, digits)));
        return { prompt: `${words.of(inWords(value))}=`, answer: `${value}.` };
      }, 0.05),
    }),
};
