import { letters, split } from "./random.ts";
import type { Task } from "./task.ts";

const alphabet = "abcdefghijklmnopqrstuvwxyz";

/**
 * A random sequence and the same again (Olsson et al. 2022): a head that finds where the last letter stood before, and
 * looks at what followed it there, needs another in a layer below. The loss counts every letter, so that there is a
 * plateau before that pair is found.
 */
export const induction: Task = {
  name: "induction",
  title: "Induction",
  says: "Random letters, and the same letters again: the second time each can be found by where it stood the first time.",
  length: { label: "letters", range: [4, 24], standard: 12 },
  standard: { layers: 2, heads: 4, learningRate: 2e-3 },
  examples: (length) => ({
    ...{
      alphabet,
      promptLength: length + 1,
      answerLength: length - 1,
      wholeLoss: true,
      scored: "exact",
      readable: (text: string) => text,
    },
    ...split((random) => {
      const word = letters(random, alphabet, length);
      return { prompt: word + word[0], answer: word.slice(1) };
    }, 0.05),
  }),
};
