/** A text that is not WGSL, or WGSL that a rule does not take; `at` is where, in characters from its start. */
export class WgslError extends Error {
  override readonly name = "WgslError";
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}
