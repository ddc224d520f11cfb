/** A mistake of the caller: a shape, type or option that an operation does not take. */
export class ShapeError extends Error {
  override readonly name: string = "ShapeError";
}

/** An option that a function does not have, or a value that it does not take. Its message names the option. */
export class OptionError extends ShapeError {
  override readonly name: string = "OptionError";
}
