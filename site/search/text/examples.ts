import { amendments } from "../../shell/amendments.ts";
import type { SourceText } from "./passages.ts";

/** Example texts of the page. */
export interface Example {
  /** Its name in links. */
  readonly name: string;
  readonly title: string;
  /** Questions that its passages answer. */
  readonly queries: readonly string[];
  readonly load: () => Promise<readonly SourceText[]>;
}

/** The initial example. */
export const standardExample = {
  name: "amendments",
  title: "Amendments to the Constitution of the United States, main clauses",
  texts: [{ name: "Amendments", text: amendments }] as readonly SourceText[],
  queries: [
    "can the police search my home",
    "do women have the right to vote",
    "is alcohol forbidden",
    "who becomes president when the president dies",
    "how old must voters be",
    "soldiers living in my house",
  ],
} as const;

export const examples: readonly Example[] = [
  { ...standardExample, load: async () => standardExample.texts },
  {
    name: "documents",
    title: "The documents of this project",
    queries: [
      "what happens when the graphics card is lost",
      "how is a result checked",
      "make the weights smaller",
      "run a model without a network",
    ],
    // Fetched when it is chosen.
    load: async () => (await import("./documents.ts")).documents(),
  },
];
