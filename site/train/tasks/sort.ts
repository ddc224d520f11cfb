import { answered } from "./pairs.ts";
import { below, letters, split } from "./random.ts";
import type { Task } from "./task.ts";

/**
 * Sorting, as in minGPT's demonstration (Karpathy 2020): half of the inputs have many repeats, which are otherwise
 * rare.
 */
export const sort: Task = {
  name: "sort",
  title: "Sort digits",
  group: "Symbols",
  says: "After digits of 0, 1 and 2 come the same digits in order: 201201 → 001122.",
  length: { label: "digits", range: [3, 12], standard: 6 },
  standard: {},
  examples: (length) =>
    answered({
      alphabet: "012",
      promptLength: length,
      answerLength: length,
      ...split((random) => {
        const often = random() < 0.5 ? ["012", "01", "02", "12"][below(random, 4)] : "012";
        const prompt = letters(random, often ?? "012", length);
        return { prompt, answer: [...prompt].sort().join("") };
      }, 0.25),
    }),
};

const latin = "abcdefghijklmnopqrstuvwxyz";

/** Sorting of letters, with 26 kinds to count instead of three digits. */
export const sortLetters: Task = {
  name: "sort-letters",
  title: "Sort letters",
  group: "Symbols",
  says: "Letters, and after a mark the same ones from a to z: model> → delmo. There are too many words to memorise.",
  length: { label: "letters", range: [3, 10], standard: 5 },
  standard: { layers: 2, heads: 4, learningRate: 2e-3, schedule: "cosine", warmup: 50 },
  examples: (length) =>
    answered({
      alphabet: `${latin}>`,
      promptLength: length + 1,
      answerLength: length,
      ...split((random) => {
        const word = letters(random, latin, length);
        return { prompt: `${word}>`, answer: [...word].sort().join("") };
      }, 0.05),
    }),
};
