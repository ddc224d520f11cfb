/** A step of training: loss, gradients, and new weights by AdamW. */
export interface TrainProblem {
  readonly op: "train";
  readonly text: string;
  /** Sequences of a batch of the bundled model; unset: one block of GPT-2 small, whose input and target are given. */
  readonly batch: number | undefined;
  /** Tokens of each sequence. */
  readonly tokens: number;
}

/** Those whose figures in float64 are recorded, in train-truth.json: float64 takes minutes for the larger ones. */
export const trainCases = ["train:q16", "train:q256", "train:2x32", "train:8x256"] as const;

/** Reads a case of training. Throws a RangeError for one whose figures are not recorded. */
export function trainProblem(text: string): TrainProblem {
  if (!trainCases.some((one) => one === text)) {
    throw new RangeError(`case is "${text}", expected one of ${trainCases.join(", ")}, whose float64 is recorded`);
  }
  const [, batch, tokens] = /^train:(?:q|(\d+)x)(\d+)$/.exec(text) ?? [];
  return { op: "train", text, batch: batch === undefined ? undefined : Number(batch), tokens: Number(tokens) };
}
