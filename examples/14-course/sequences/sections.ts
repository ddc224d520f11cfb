import { section, seed } from "../experiment.ts";

/** The settings of both models, which copy words. */
const copying = {
  word: { label: "your word, of the letters a to h", value: "badcafe", longest: 32 },
  longest: { label: "letters of the longest word", value: 16, least: 4, most: 32 },
  width: { label: "numbers of the state", value: 48, least: 1, most: 256 },
  steps: { label: "steps", value: 300, least: 1, most: 5000 },
  rate: { label: "learning rate", value: 0.02, least: 0, most: 1 },
  seed,
} as const;

export const sequences = {
  recurrent: section({
    title: "Recurrent encoder-decoder",
    settings: copying,
    quick: { longest: 8, steps: 130 },
    claim:
      "A model that keeps a word in one state copies at least 90 % of the words of two letters without a mistake, and at most 10 % of the longest, of 16 letters.",
    holds: (found) => (found["right at two letters"] ?? 0) >= 0.9 && (found["right at the longest"] ?? 1) <= 0.1,
  }),
  "attention-2014": section({
    title: "The attention of 2014",
    settings: copying,
    quick: { longest: 8, steps: 170 },
    claim:
      "With attention, at least 60 % of the longest words, of 16 letters, are copied without a mistake; without it, at most 10 %.",
    holds: (found) =>
      (found["right at the longest with attention"] ?? 0) >= 0.6 && (found["right at the longest without"] ?? 1) <= 0.1,
  }),
} as const;
