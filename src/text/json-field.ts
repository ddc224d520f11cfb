import { TextError } from "./text-error.ts";

/** An object from a parsed JSON file, whose fields are not checked yet. */
export type JsonRecord = Readonly<Record<string, unknown>>;

/** Maximum nesting of sequences in a file, so that it cannot exhaust the stack. */
const MAX_NESTING = 8;

/** Maximum number of steps in a pipeline: real files have a dozen at most. */
const MAX_STEPS = 100;

/** Describes a JSON value, short enough for an error message. */
export function describeValue(value: unknown): string {
  if (value === undefined) return "missing";
  if (value === null) return "null";
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (typeof value === "object") return "an object";
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 60)}…` : text;
}

/** Throws a TextError with the value of `field` (file and path) and what was expected. */
export function refuse(field: string, value: unknown, expected: string): never {
  throw new TextError(`${field} is ${describeValue(value)}, expected ${expected}`);
}

/** The value as an object, or a TextError that names `field`. */
export function asRecord(value: unknown, field: string): JsonRecord {
  if (typeof value !== "object" || value === null || Array.isArray(value)) refuse(field, value, "an object");
  return value as JsonRecord;
}

/** The value as an array, or a TextError that names `field`. */
export function asArray(value: unknown, field: string): readonly unknown[] {
  if (!Array.isArray(value)) refuse(field, value, "an array");
  return value;
}

/** The value as a well-formed string, or a TextError that names `field`: half a surrogate pair is not text. */
export function asString(value: unknown, field: string): string {
  if (typeof value !== "string") refuse(field, value, "a string");
  if (!value.isWellFormed()) refuse(field, value, "well-formed Unicode");
  return value;
}

/** The value as a string of one character, or a TextError that names `field`. */
export function asCharacter(value: unknown, field: string): string {
  const text = asString(value, field);
  if ([...text].length !== 1) refuse(field, value, "one character");
  return text;
}

/** The value as a boolean, `fallback` if it is absent or null, or a TextError that names `field`. */
export function asBoolean(value: unknown, field: string, fallback: boolean): boolean {
  if (value === undefined || value === null) return fallback;
  if (typeof value !== "boolean") refuse(field, value, "true or false");
  return value;
}

/** The value as an integer from `low` to `high` inclusive, or a TextError that names `field`. */
export function asInteger(value: unknown, field: string, low: number, high: number): number {
  if (typeof value !== "number" || !Number.isInteger(value) || value < low || value > high) {
    refuse(field, value, `an integer from ${low} to ${high}`);
  }
  return value;
}

/** One step of a pipeline in tokenizer.json, with its path there. */
export interface PipelineStep {
  readonly step: JsonRecord;
  readonly type: string;
  readonly field: string;
}

/**
 * The steps of a normalizer, pre-tokenizer, post-processor or decoder in order, with nested sequences flattened. `list`
 * is the field that holds the steps of a `Sequence` of this kind; null or absent means no steps.
 */
export function pipelineSteps(value: unknown, field: string, list: string, depth = 0): PipelineStep[] {
  if (value === null || value === undefined) return [];
  if (depth > MAX_NESTING) throw new TextError(`${field}: sequences are nested more than ${MAX_NESTING} deep`);
  const step = asRecord(value, field);
  const type = asString(step["type"], `${field}.type`);
  if (type !== "Sequence") return [{ step, type, field }];
  const steps = asArray(step[list], `${field}.${list}`).flatMap((inner, i) =>
    pipelineSteps(inner, `${field}.${list}[${i}]`, list, depth + 1),
  );
  if (steps.length > MAX_STEPS)
    throw new TextError(`${field} has ${steps.length} steps, expected at most ${MAX_STEPS}`);
  return steps;
}

/** Throws a TextError for a step whose type is not in `known`. */
export function refuseStep({ type, field }: PipelineStep, known: readonly string[]): never {
  throw new TextError(`${field}.type is ${describeValue(type)}, known are ${[...known, "Sequence"].join(", ")}`);
}

/** The pattern of a `Replace` or `Split`: a literal string, or the source of a regular expression. */
export function patternFields(step: JsonRecord, field: string): { literal: string } | { source: string } {
  const pattern = asRecord(step["pattern"], `${field}.pattern`);
  if (pattern["String"] !== undefined) return { literal: asString(pattern["String"], `${field}.pattern.String`) };
  if (pattern["Regex"] !== undefined) return { source: asString(pattern["Regex"], `${field}.pattern.Regex`) };
  return refuse(`${field}.pattern`, pattern, "an object with String or Regex");
}
