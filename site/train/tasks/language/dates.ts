import { answered, ofSentences, otherModels } from "../pairs.ts";
import { below, split } from "../random.ts";
import type { Task } from "../task.ts";

const months = "january february march april may june july august september october november december".split(" ");

const ordinal = (day: number) => {
  const ending = day > 10 && day < 14 ? "th" : (["th", "st", "nd", "rd"][day % 10] ?? "th");
  return `${day}${ending}`;
};
const two = (value: number) => String(value).padStart(2, "0");

/** Ways to write a date, the simplest first. Each is unambiguous. */
const spellings: readonly ((year: number, month: number, day: number) => string)[] = [
  (year, month, day) => `${year}/${month}/${day}`,
  (year, month, day) => `${day} ${months[month - 1]?.slice(0, 3)} ${year}`,
  (year, month, day) => `${day} ${months[month - 1]} ${year}`,
  (year, month, day) => `${months[month - 1]} ${day}, ${year}`,
  (year, month, day) => `${months[month - 1]?.slice(0, 3)} ${ordinal(day)}, ${year}`,
  (year, month, day) => `the ${ordinal(day)} of ${months[month - 1]} ${year}`,
  (year, month, day) => `${two(day)}${months[month - 1]?.slice(0, 3)}${year}`,
  (year, month, day) => `${day}.${month}.${year}`,
];

/** Number of dates, in days from 1900 on. */
const [begin, days] = [Date.UTC(1900, 0, 1), 73_049];
const dayLength = 86_400_000;

/** A day in mid-September, with the longest names and numbers. */
const longest = (count: number): number =>
  Math.max(...spellings.slice(0, count).map((write) => write(2000, 9, 23).length));

/** Dates in ISO 8601 (TensorFlow.js's example of attention): the page shows where each digit is read. */
export const dates: Task = {
  name: "dates",
  title: "Read dates",
  group: "Sentences",
  says: "A date in one of many spellings, and the same as year, month and day: 3 march 2021> → 2021-03-03. Look at the attention: it jumps back to where each digit is said. A tenth of all dates is held out, in every spelling.",
  length: { label: "spellings", range: [1, spellings.length], standard: spellings.length },
  ...ofSentences,
  variations: otherModels(
    {
      paper: "The Transformer of 2017: an encoder reads the date, and a decoder that looks at it writes the other.",
      attentive: "The date is read character by character, and each digit of the answer finds what says it.",
      plain: "One state has to hold the whole date: after 1000 steps hardly any is right.",
    },
    { steps: 1000 },
  ),
  examples: (count) =>
    answered({
      alphabet: "0123456789abcdefghijklmnopqrstuvwxyz ,./->|",
      promptLength: longest(count) + 1,
      answerLength: 11,
      end: "|",
      ...split(
        (random) => {
          const date = new Date(begin + below(random, days) * dayLength);
          const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth() + 1, date.getUTCDate()];
          const text = spellings[below(random, count)]?.(year, month, day);
          return { prompt: `${text}>`, answer: `${year}-${two(month)}-${two(day)}|` };
        },
        0.1,
        ({ answer }) => answer,
      ),
    }),
};
