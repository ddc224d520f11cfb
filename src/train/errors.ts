/** A gradient that cannot be computed: an op without a rule, or memory that is overwritten before the loss. */
export class GradientError extends Error {
  override readonly name = "GradientError";
}
