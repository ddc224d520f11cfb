// The course's sections in their order. Their texts are in docs/course.md, under the same titles.
import type { Section, Settings } from "./experiment.ts";

const seed = { label: "seed", value: 1, least: 0, most: 1_000_000 };

const section = <const S extends Settings>(given: Section<S>): Section<S> => given;

export const sections = {
  "bag-of-words": section({
    title: "Bag of words",
    settings: {
      first: { label: "first sentence", value: "the dog chased the cat gladly", longest: 80 },
      second: { label: "second sentence", value: "the cat chased the dog gladly", longest: 80 },
      steps: { label: "steps", value: 100, least: 1, most: 1000 },
      rate: { label: "learning rate", value: 0.1, least: 0, most: 10 },
      seed,
    },
    claim:
      "A bag of words is right about the mood of every sentence, and about who acts of half of them, as by guessing: for it the two sentences are one.",
    holds: (found) =>
      found["right about the mood"] === 1 &&
      found["right about who acts"] === 0.5 &&
      (found["largest difference of the logits"] ?? 1) < 1e-6,
  }),
  recurrent: section({
    title: "Recurrent encoder-decoder",
    settings: {
      word: { label: "your word, of the letters a to h", value: "badcafe", longest: 32 },
      longest: { label: "letters of the longest word", value: 16, least: 4, most: 32 },
      width: { label: "numbers of the state", value: 48, least: 1, most: 256 },
      steps: { label: "steps", value: 300, least: 1, most: 5000 },
      rate: { label: "learning rate", value: 0.02, least: 0, most: 1 },
      seed,
    },
    quick: { longest: 8, steps: 130 },
    claim:
      "A model that keeps a word in one state writes at least 90 % of the words of two letters without a mistake, and at most 10 % of the longest.",
    holds: (found) => (found["right at two letters"] ?? 0) >= 0.9 && (found["right at the longest"] ?? 1) <= 0.1,
  }),
  "attention-2014": section({
    title: "The attention of 2014",
    settings: {
      word: { label: "your word, of the letters a to h", value: "badcafe", longest: 32 },
      longest: { label: "letters of the longest word", value: 16, least: 4, most: 32 },
      width: { label: "numbers of the state", value: 48, least: 1, most: 256 },
      steps: { label: "steps", value: 400, least: 1, most: 5000 },
      rate: { label: "learning rate", value: 0.02, least: 0, most: 1 },
      seed,
    },
    quick: { longest: 8, steps: 180 },
    claim:
      "With attention, at least 60 % of the longest words are written without a mistake; without it, at most 10 %.",
    holds: (found) =>
      (found["right at the longest with attention"] ?? 0) >= 0.6 && (found["right at the longest without"] ?? 1) <= 0.1,
  }),
} as const;

export type SectionId = keyof typeof sections;
export type SettingsOf<Id extends SectionId> = (typeof sections)[Id]["settings"];

/** The sections' ids, in order. */
export const sectionIds = Object.keys(sections) as readonly SectionId[];
