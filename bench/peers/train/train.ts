// The training step that engines compute: of one block of GPT-2 small, or of the bundled model.
import { normal, randomSource } from "../../../src/check/random.ts";
import type { Work } from "../../harness/speed.ts";
import { type BlockValues, blockValues, gpt2Small } from "../block.ts";
import { textModel } from "../generate.ts";
import type { TrainProblem } from "./train-problem.ts";

/**
 * AdamW (Loshchilov and Hutter 2017) for matrices and, without decay, for vectors; gradients are clipped to a norm of
 * `clip`.
 */
export const adamw = { rate: 1e-3, betas: [0.9, 0.95], eps: 1e-8, decay: 0.1, clip: 1 } as const;

/** The numbers that change from step to step: the learning rate, and the corrections of both means. */
export function adamwScalars(step: number): Float32Array<ArrayBuffer> {
  const { rate, betas } = adamw;
  return Float32Array.of(rate, ...betas.map((beta) => 1 / (1 - beta ** step)));
}

/** Number of steps from the initial weights whose figures are compared with float64. */
export const checkedSteps = 3;

/** The tokens of a batch, the same in every step and every run. */
export interface TrainTokens {
  readonly ids: readonly (readonly number[])[];
  /** The token after each. */
  readonly targets: readonly (readonly number[])[];
}

/** Random tokens of the bundled model's vocabulary. */
export function trainTokens({ batch = 1, tokens }: TrainProblem): TrainTokens {
  const random = randomSource(99);
  const rows = Array.from({ length: batch }, () =>
    Array.from({ length: tokens + 1 }, () => random.integer(textModel.vocabulary)),
  );
  return { ids: rows.map((row) => row.slice(0, -1)), targets: rows.map((row) => row.slice(1)) };
}

/** A block's weights and input, and its target `[t, c]`: the loss is the mean of squared differences. */
export function blockTraining({ text, tokens }: TrainProblem): {
  readonly values: BlockValues;
  readonly target: Float32Array<ArrayBuffer>;
} {
  const values = blockValues({ op: "block", text, t: tokens, s: tokens });
  return { values, target: Float32Array.from(normal(tokens * gpt2Small.c, 20)) };
}

/**
 * The sizes of the trained model: of a layer's attention and products, the number of layers, and the head, if there is
 * one.
 */
function sizesOf({ batch }: TrainProblem) {
  if (batch !== undefined) {
    const { layers, width, hidden, heads, kvHeads, headWidth, vocabulary } = textModel;
    const matrices = layers * (width * headWidth * (2 * heads + 2 * kvHeads) + 3 * width * hidden) + vocabulary * width;
    return { matrices, vectors: (2 * layers + 1) * width, attention: layers * heads * headWidth };
  }
  const { c, hidden } = gpt2Small;
  return { matrices: 4 * c * c + 2 * c * hidden, vectors: 4 * c + 5 * c + hidden, attention: c };
}

/**
 * Operations and bytes of a step: three products for each matrix and token, seven for each pair of attention, 16
 * operations for each weight; weights and their two means, each read and written.
 */
export function trainWork(problem: TrainProblem): Work {
  const { batch = 1, tokens } = problem;
  const { matrices, vectors, attention } = sizesOf(problem);
  const pairs = (batch * tokens * (tokens + 1)) / 2;
  const weights = matrices + vectors;
  return {
    flops: 6 * batch * tokens * matrices + 14 * pairs * attention + 16 * weights,
    bytes: 24 * weights,
    dtype: "f32",
  };
}
