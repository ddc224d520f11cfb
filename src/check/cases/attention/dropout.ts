// Attention with dropout of its weights: bits that do not depend on the variant, its tiles, or where they begin.
import { attentionCases } from "./attention.ts";
import { maskExamples, scoreExamples } from "./mask-examples.ts";
import { floats, problem, window } from "./problem.ts";

const dropout = { rate: 0.25, site: 3, key: [7, 12] } as const;
const sizes = { b: 2, h: 4, g: 2, t: 13, s: 29, d: 16 } as const;
const examples = { ...sizes, unit: 5 };
const { "causal and document": documents = "causal" } = maskExamples(examples);
const { "alibi by distance": alibi = "none" } = scoreExamples(examples);

/** The variants that drop weights. */
export const droppingVariants = ["naive", "flash", "packed", "blocks"] as const;

export const attentionDropoutCases: typeof attentionCases = {
  ...attentionCases,
  variants: droppingVariants,
  cases: [
    problem("a query for each key", { b: 2, h: 2, t: 37, s: 37, d: 16 }, { dropout }),
    problem("nothing is dropped", sizes, { dropout: { ...dropout, rate: 0 } }),
    problem("almost all is", sizes, { dropout: { ...dropout, rate: 0.97 } }),
    problem("the largest seed and site", sizes, {
      dropout: { rate: 0.5, site: 2 ** 32 - 17, key: [2 ** 32 - 1, 2 ** 32 - 1] },
    }),
    problem("queries before the first key", { h: 2, t: 31, s: 12, d: 16 }, { dropout }),
    problem("a window that begins at odd keys", { h: 2, t: 70, s: 140, d: 16 }, { dropout, mask: window(19) }),
    problem("tiles of several runs", { h: 2, g: 1, t: 9, s: 1100, d: 16 }, { dropout, mask: "full" }),
    problem("documents, scores and sinks", sizes, {
      dropout,
      mask: documents,
      score: alibi,
      sink: floats([4], [0.5, -2, 3, 0]),
      length: 25,
      scale: 0.5,
    }),
    problem("heads of 5 and 7", { ...sizes, d: 5, dv: 7 }, { dropout }),
  ],
};
