/** A text that is not WGSL, or WGSL that breaks a rule; `at` is the position, in characters from the start. */
export class WgslError extends Error {
  override readonly name = "WgslError";
  readonly at: number;
  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}
