import { split } from "../random.ts";
import type { Task } from "../task.ts";
import { animalSentence, animalWords, longestSentence } from "./animals.ts";
import { wordsOf } from "./words.ts";

const words = wordsOf(animalWords);

/** Masked words (BERT, Devlin et al. 2018), in a grammar where most words follow from others, near or far. */
export const masked: Task = {
  name: "masked",
  title: "Fill in words",
  group: "Sentences",
  says: "Words of a sentence are masked, and an encoder, which sees what stands before them and after them, says which they were: this old ▢ that sees these bees barks and goes to ▢ kennel. → dog, its. Number, verb and home follow from the first animal, however far away it stands; some words, such as “old”, follow from nothing.",
  length: { label: "clauses with that", range: [0, 2], standard: 1 },
  counted: "the masked words",
  architectures: ["bert"],
  standard: { layers: 2, heads: 4, learningRate: 2e-3, schedule: "cosine", warmup: 50, steps: 1500, every: 50 },
  examples: (clauses) => ({
    ...words.tokensWith("."),
    promptLength: 0,
    answerLength: longestSentence(clauses) + 1,
    end: ".",
    wholeLoss: true,
    scored: "next",
    guess: "neighbours",
    shown: 8,
    ...split(
      (random) => ({ prompt: "", answer: `${words.of(animalSentence(random, clauses))}.` }),
      0.05,
      ({ answer }) => answer,
    ),
  }),
};
