import { choicesOf } from "../../shell/model/choice.ts";

/** The site's own model. */
export const bundled = {
  name: "dates",
  title: "Bundled: a small Transformer of 2017, which writes dates in words as numbers",
  examples: [
    "the third day of march, two thousand and twenty-one",
    "Wed. 30 Mar 1997",
    "sixth october 1932",
    "in March 2021, the 3rd",
  ],
} as const;

export const { problemOf, sourceOf, nameOf, choiceOf } = choicesOf({
  bundled: bundled.name,
  what: "an encoder-decoder",
  example: "google-t5/t5-small",
});
