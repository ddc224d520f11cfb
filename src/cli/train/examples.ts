// Data files of examples, a line of JSON each.
import { FormatError, shortened } from "../../formats/format-error.ts";
import { parseJson } from "../../formats/json/strict-json.ts";
import { decodeUtf8 } from "../../formats/read-text.ts";
import type { TrainingDocument } from "../../train/data/documents.ts";
import { shuffled } from "../../train/data/rows.ts";
import { readDocumentFiles } from "./data.ts";
import type { RunSettings } from "./settings.ts";

/** An example with its file and line, for messages. */
export interface Example<T> {
  readonly where: string;
  readonly value: T;
}

/** Examples to train on, and held-out ones. */
export interface Examples<T> {
  readonly training: readonly Example<T>[];
  readonly heldOut: readonly Example<T>[];
}

/** A line's fields. Its readers throw `FormatError` with file, line and field. */
export interface Line {
  readonly has: (name: string) => boolean;
  /** A text that is not blank. */
  readonly text: (name: string) => string;
  /** A label: a text, a number or a truth value. */
  readonly label: (name: string) => string;
  /** A list of labels; null: does not count. */
  readonly labels: (name: string) => readonly (string | null)[];
  readonly fail: (problem: string, field?: string) => never;
}

function lineOf(where: string, value: unknown, expected: string): Line {
  const fail = (problem: string, field?: string): never => {
    throw new FormatError(where, problem, field === undefined ? {} : { field });
  };
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    fail(`is ${shortened(JSON.stringify(value), 60)}, expected ${expected}`);
  }
  const record = value as Readonly<Record<string, unknown>>;
  const has = (name: string) => Object.hasOwn(record, name);
  const of = (name: string): unknown => (has(name) ? record[name] : fail(`has no ${name}, expected ${expected}`));
  const shown = (given: unknown) => shortened(JSON.stringify(given) ?? "nothing", 60);
  const labelOf = (name: string, given: unknown): string => {
    if (["string", "number", "boolean"].includes(typeof given) && given !== "") return String(given);
    return fail(`is ${shown(given)}, expected a label: a text, a number or a truth value`, name);
  };
  return {
    has,
    fail,
    text: (name) => {
      const given = of(name);
      if (typeof given === "string" && given.trim() !== "") return given;
      return fail(`is ${shown(given)}, expected a text that is not blank`, name);
    },
    label: (name) => labelOf(name, of(name)),
    labels: (name) => {
      const given = of(name);
      if (!Array.isArray(given)) return fail(`is ${shown(given)}, expected a list of labels`, name);
      return given.map((one: unknown, i) => (one === null ? null : labelOf(`${name}[${i}]`, one)));
    },
  };
}

/** The lines of a file that are not blank, as documents. */
export function linesIn(file: string, bytes: Uint8Array): TrainingDocument[] {
  const lines = decodeUtf8(file, bytes, false).split("\n");
  return lines.flatMap((content, i) =>
    content.trim() === "" ? [] : [{ where: `${file}: line ${i + 1}`, content: content.trim() }],
  );
}

/**
 * Reads the examples of a run's files, JSONL; `expected` describes a line, for messages.
 *
 * @throws FormatError with file, line and field for a line of another form, and for a file without lines.
 */
export async function readExamples<T>(
  settings: RunSettings,
  expected: string,
  parse: (line: Line) => T,
): Promise<Examples<T>> {
  const read = (file: string, bytes: Uint8Array) => {
    const lines = linesIn(file, bytes);
    if (lines.length === 0) throw new FormatError(file, `has no lines, expected ${expected} in each`);
    return lines;
  };
  const instead = "name a file with --val, or a larger share";
  const { training, heldOut } = await readDocumentFiles(settings.data ?? [], settings, { read, instead });
  const exampleOf = ({ where, content }: TrainingDocument): Example<T> => ({
    where,
    value: parse(lineOf(where, parseJson(where, String(content)), expected)),
  });
  return { training: training.flat().map(exampleOf), heldOut: heldOut.map(exampleOf) };
}

/** Examples in shuffled epochs: each once, in an order drawn from the seed, then again in another. */
export const shuffledExamples = <R>(rows: readonly R[], seed: number) => ({
  row: (number: number): R =>
    rows[shuffled(seed, Math.floor(number / rows.length), number % rows.length, rows.length)] as R,
});

/** Rows as bytes, for their digest. */
export function* bytesOfRows(rows: readonly object[]): Generator<Uint8Array> {
  const encoder = new TextEncoder();
  for (const row of rows) yield encoder.encode(`${JSON.stringify(row)}\n`);
}
