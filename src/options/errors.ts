/** A mistake of the caller: a shape, type or option that an operation does not take. */
export class ShapeError extends Error {
  override readonly name: string = "ShapeError";
}

/** An option that a function does not have, or a value that it does not take. Its message names the option. */
export class OptionError extends ShapeError {
  override readonly name: string = "OptionError";
}

/** A value as messages show it. */
export function shown(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value.length > 60 ? `${value.slice(0, 60)}…` : value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) {
    const entries = value.slice(0, 8).map((entry) => (Array.isArray(entry) ? "a list" : shown(entry)));
    return `[${entries.join(", ")}${value.length > 8 ? ", …" : ""}]`;
  }
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}
