import { choicesOf } from "../../shell/model/choice.ts";

/** The site's own model. */
export const bundledName = "use-lite";

export const { problemOf, sourceOf, nameOf, choiceOf } = choicesOf({
  bundled: bundledName,
  what: "a sentence encoder",
  example: "sentence-transformers/all-MiniLM-L6-v2",
});
