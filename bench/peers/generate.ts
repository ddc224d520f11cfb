// The text that every engine for language models generates greedily with the bundled model.
import { prompts } from "../generate/prompts.ts";
import type { Work } from "../harness/speed.ts";
import type { GenerateProblem } from "./problems.ts";

/** The bundled model, with the sizes in its config.json. */
export const textModel = {
  name: "voices-dense",
  /** Tokens of the prompt, including those that its tokenizer adds. */
  promptTokens: 10,
  layers: 6,
  width: 256,
  hidden: 768,
  heads: 8,
  kvHeads: 2,
  headWidth: 32,
  vocabulary: 2048,
} as const;

/** The URL of its folder on the site, relative to the peers page. */
export const textModelAddress = (): string => new URL(`../models/${textModel.name}/`, document.baseURI).href;

/** The prompt. */
export const textPrompt = prompts[1];

/**
 * Operations and bytes of a text: products and attention for every token except the last, the head for those that are
 * predicted, and the weights, of 16 bits each, read once for the prompt and once for each step.
 */
export function generateWork({ tokens }: GenerateProblem): Work {
  const { promptTokens, layers, width, hidden, heads, kvHeads, headWidth, vocabulary } = textModel;
  const matrices = layers * (width * headWidth * (2 * heads + 2 * kvHeads) + 3 * width * hidden);
  const read = promptTokens + tokens - 1;
  const pairs = (read * (read + 1)) / 2;
  const head = vocabulary * width;
  return {
    flops: 2 * read * matrices + 2 * tokens * head + 4 * pairs * layers * heads * headWidth,
    bytes: 2 * tokens * (matrices + head),
    dtype: "f32",
  };
}
