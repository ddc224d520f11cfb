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
  /** Of a mixture of experts: the load-balancing loss of its routers, without its coefficient; no part of `loss`. */
  readonly auxiliaryLoss?: number;
  /** Of a mixture of experts: the tokens' choices of each expert, by layers that have experts. */
  readonly expertUse?: readonly (readonly number[])[];
}

/** A mean loss over the targets that count, and how many these are. */
export interface Evaluation {
  readonly loss: number;
  readonly count: number;
  /** As in a step: of a mixture of experts, the choices of each expert by layers. */
  readonly expertUse?: readonly (readonly number[])[];
}
