/** What a step found, before it changed the weights. */
export interface TrainingStep {
  /** Counted from 1. */
  readonly step: number;
  /** The mean over targets that count, of all micro-batches. */
  readonly loss: number;
  /** Of all gradients together, before they are clipped. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** True where the norm is not finite: no weight has changed. */
  readonly skipped: boolean;
}

/** A mean loss over the targets that count, and how many these are. */
export interface Evaluation {
  readonly loss: number;
  readonly count: number;
}
