import { FormatError } from "../../formats/format-error.ts";
import { GpuError, ShaderError } from "../../gpu/errors.ts";
import { OptionError, ShapeError } from "../../options/errors.ts";
import { TextError } from "../../text/text-error.ts";
import { RequestError } from "../request-error.ts";

/** An error as sent in messages. */
export interface SentError {
  readonly name: string;
  readonly message: string;
  /** The fields that its class adds, which are texts, numbers or null. */
  readonly fields: Readonly<Record<string, string | number | null>>;
}

/** Fields of errors that are sent, by class. */
const fieldNames = ["status", "code", "param", "type", "file", "field", "line"] as const;

/** An error, or any thrown value, as sent in a message. */
export function sentError(error: unknown): SentError {
  if (!(error instanceof Error)) return { name: "Error", message: String(error), fields: {} };
  const own = error as unknown as Readonly<Record<string, unknown>>;
  const fields: Record<string, string | number | null> = {};
  for (const name of fieldNames) {
    const value = own[name];
    if (typeof value === "string" || typeof value === "number" || value === null) fields[name] = value;
  }
  return { name: error.name, message: error.message, fields };
}

const text = (value: unknown) => (typeof value === "string" ? value : "");

/** Recreates errors by class; other classes become an `Error` with their name. */
const classes: Readonly<Record<string, (error: SentError) => Error>> = {
  FormatError: ({ message, fields }) => Object.assign(new FormatError("", ""), { message }, fields),
  GpuError: ({ message }) => new GpuError(message),
  ShaderError: ({ message, fields }) => new ShaderError(message, text(fields["file"]), Number(fields["line"] ?? 0)),
  OptionError: ({ message }) => new OptionError(message),
  ShapeError: ({ message }) => new ShapeError(message),
  TextError: ({ message }) => new TextError(message),
  RequestError: ({ message, fields }) => new RequestError(message, fields as object),
  AbortError: ({ message }) => new DOMException(message, "AbortError"),
};

/** The error in a message, with its original class. */
export function receivedError(error: SentError): Error {
  if (Object.hasOwn(classes, error.name)) return classes[error.name]?.(error) ?? new Error(error.message);
  return Object.assign(new Error(error.message), { name: error.name });
}
