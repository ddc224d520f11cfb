/** A training step: loss, gradients, and new weights by AdamW. */
export interface TrainProblem {
  readonly op: "train";
  readonly text: string;
  /** Sequences of a batch for the bundled model; unset: one block of GPT-2 small with a fixed input and target. */
  readonly batch: number | undefined;
  /** Tokens of each sequence. */
  readonly tokens: number;
}

/** The cases with figures in float64 in train-truth.json: computing them takes minutes for the larger ones. */
export const trainCases = ["train:q16", "train:q256", "train:2x32", "train:8x256"] as const;

/** Parses a training case. Throws a RangeError for one whose figures are not recorded. */
export function trainProblem(text: string): TrainProblem {
  if (!trainCases.some((one) => one === text)) {
    throw new RangeError(`case is "${text}", expected one of ${trainCases.join(", ")}, whose float64 is recorded`);
  }
  const [, batch, tokens] = /^train:(?:q|(\d+)x)(\d+)$/.exec(text) ?? [];
  return { op: "train", text, batch: batch === undefined ? undefined : Number(batch), tokens: Number(tokens) };
}
