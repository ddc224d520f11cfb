// Shared checks of batch rows: lists of token ids.
import { type Check, listOf } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { ignored } from "./token-batches.ts";

/** Rows of numbers, `number[][]`. */
export const rowsCheck: Check = listOf((row) => (Array.isArray(row) ? undefined : "a list of numbers"));

/** A list of numbers. */
export const listCheck: Check = listOf((value) => (typeof value === "number" ? undefined : "a number"));

/** Limits of the numbers in a list. */
interface Ids {
  /** Ids must be below this. */
  readonly below: number;
  /** What an id identifies, for messages; default a token. */
  readonly what?: string;
  /** True if −100 is allowed too: it does not count. */
  readonly ignoring?: boolean;
}

/** The error for a batch. */
export const batchError = (problem: string): OptionError => new OptionError(`train: ${problem}`);

/** Throws `OptionError` for a list with an invalid id; `name` is the list's. */
export function checkIds(name: string, ids: readonly number[], { below, what = "a token", ignoring }: Ids): void {
  const wrong = ids.findIndex(
    (id) => !(Number.isInteger(id) && id >= 0 && id < below) && !(ignoring && id === ignored),
  );
  if (wrong < 0) return;
  const or = ignoring ? ` or ${ignored}` : "";
  throw batchError(`${name}[${wrong}] is ${ids[wrong]}, expected ${what} below ${below}${or}`);
}

/** Throws `OptionError` for an empty row, one of more than `most` tokens, or with an invalid id. */
export function checkRow(name: string, row: readonly number[], most: number | undefined, ids: Ids): void {
  if (row.length === 0) throw batchError(`${name} has no tokens`);
  if (most !== undefined && row.length > most) {
    throw batchError(`${name} has ${row.length} tokens, expected at most ${most}, the model's context`);
  }
  checkIds(name, row, ids);
}

/** Throws `OptionError` for types that do not match the rows of ids, in a model with so many types. */
export function checkTypes(
  ids: readonly (readonly number[])[],
  types: readonly (readonly number[])[] | undefined,
  known = 0,
): void {
  if (!types) return;
  if (known === 0) throw batchError("the batch has types, but the model has none");
  checkLengths(ids, types, "types");
  for (const [i, row] of types.entries()) checkIds(`types[${i}]`, row, { below: known, what: "a type" });
}

/** Throws `OptionError` unless rows match those of ids in number and lengths. */
export function checkLengths(
  ids: readonly (readonly number[])[],
  rows: readonly (readonly number[])[],
  name: string,
): void {
  if (rows.length !== ids.length) {
    throw batchError(`the batch has ${ids.length} rows of ids and ${rows.length} of ${name}`);
  }
  for (const [i, { length }] of rows.entries()) {
    const expected = ids[i]?.length;
    if (length !== expected)
      throw batchError(`${name}[${i}] has ${length} tokens, expected ${expected} (from ids[${i}])`);
  }
}
