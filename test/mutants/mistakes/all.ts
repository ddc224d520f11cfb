import type { Mistake } from "../mutant.ts";
import { attentionMistakes } from "./attention.ts";
import { elementMistakes } from "./elements.ts";
import { matmulMistakes } from "./matmul.ts";
import { normSoftmaxMistakes } from "./norm-softmax.ts";
import { samplingMistakes } from "./sampling.ts";

/** Every mistake that is written by hand. */
export const mistakes: readonly Mistake[] = [
  ...normSoftmaxMistakes,
  ...matmulMistakes,
  ...attentionMistakes,
  ...elementMistakes,
  ...samplingMistakes,
];
