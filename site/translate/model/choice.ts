import { choicesOf } from "../../shell/model/choice.ts";

/** The model that the site itself has. */
export const bundled = {
  name: "random-t5",
  title: "Bundled: T5 of two layers with random weights, which show how it works and mean nothing",
  /** True where what it writes means nothing. */
  random: true,
  examples: ["the cat sat on the mat.", "a b", "the dog ran over the hill."],
} as const;

export const { problemOf, sourceOf, nameOf, choiceOf } = choicesOf({
  bundled: bundled.name,
  example: "google-t5/t5-small",
});
