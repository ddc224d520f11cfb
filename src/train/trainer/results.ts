/** The results of a step, before its weight update. */
export interface TrainingStep {
  /** Counted from 1. */
  readonly step: number;
  /** The mean over targets that count, of all micro-batches. */
  readonly loss: number;
  /** Norm of all gradients together, before clipping. */
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** True if the norm is not finite: no weight has changed. */
  readonly skipped: boolean;
  /**
   * For a mixture of experts: the load-balancing loss of its routers, without its coefficient; not included in `loss`.
   */
  readonly auxiliaryLoss?: number;
  /** For a mixture of experts: how often tokens chose each expert, by layers with experts. */
  readonly expertUse?: readonly (readonly number[])[];
}

/** A mean loss over the targets that count, and their number. */
export interface Evaluation {
  readonly loss: number;
  readonly count: number;
  /** As in a step: for a mixture of experts, the choices of each expert by layer. */
  readonly expertUse?: readonly (readonly number[])[];
}
