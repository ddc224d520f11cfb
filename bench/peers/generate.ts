// The text that every engine with language models generates: greedy, by the bundled model.
import { prompts } from "../generate/prompts.ts";
import type { Work } from "../harness/speed.ts";
import type { GenerateProblem } from "./problems.ts";

/** The bundled model; its sizes are those of its config.json. */
export const textModel = {
  name: "voices-dense",
  /** Tokens of the prompt, with those that its tokenizer adds around it. */
  promptTokens: 10,
  layers: 6,
  width: 256,
  hidden: 768,
  heads: 8,
  kvHeads: 2,
  headWidth: 32,
  vocabulary: 2048,
} as const;

/** The address of its folder on the site, from the peers page. */
export const textModelAddress = (): string => new URL(`../models/${textModel.name}/`, document.baseURI).href;

/** The prompt. */
export const textPrompt = prompts[1];

/**
 * Operations and bytes of a text: products and attention of every token but the last, the head of those that are
 * predicted, and the weights read once for the prompt and once for each step, with 16 bits each.
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
