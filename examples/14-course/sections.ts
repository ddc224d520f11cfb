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
} as const;

export type SectionId = keyof typeof sections;
export type SettingsOf<Id extends SectionId> = (typeof sections)[Id]["settings"];

/** The sections' ids, in order. */
export const sectionIds = Object.keys(sections) as readonly SectionId[];
