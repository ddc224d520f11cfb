import type { DecoderConfig } from "../../models/decoders/config.ts";
import { checkValue, listOf, object, required } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { nearNames } from "../../options/near-names.ts";

/** Sequences of equal length, and the next token for each position; a target of −100 does not count. */
export interface TokenBatch {
  readonly ids: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  /** The document of each token in its row: tokens attend within their document. Unset: a row is one sequence. */
  readonly documents?: readonly (readonly number[])[] | undefined;
}

/** The target of a prediction that does not count. */
export const ignored = -100;

/** Targets that count. */
export const targetsIn = ({ targets }: TokenBatch): number =>
  targets.reduce((sum, row) => sum + row.filter((target) => target !== ignored).length, 0);

const rows = listOf((row) => (Array.isArray(row) ? undefined : "a list of numbers"));
const batchCheck = object<TokenBatch>({ ids: required(rows), targets: required(rows), documents: rows });
const names = ["ids", "targets", "documents"] as const;

/** Throws for a batch without lists of rows, or with a misspelt name; other fields are allowed. */
function checkFields(argument: string, batch: TokenBatch): void {
  const known = typeof batch === "object" && batch !== null ? batch : undefined;
  const wrong = Object.keys(known ?? {}).find(
    (key) => !(names as readonly string[]).includes(key) && isNear(key, batch),
  );
  const { ids, targets, documents } = known ?? {};
  checkValue("train", argument, batchCheck, known && wrong === undefined ? { ids, targets, documents } : batch);
}

const isNear = (key: string, batch: TokenBatch): boolean =>
  nearNames(key, names).some((name) => (batch as unknown as Record<string, unknown>)[name] === undefined);

/** The limits of batches. */
type Fitted = Pick<DecoderConfig, "vocabulary" | "context">;

/**
 * Throws `OptionError` for batches that are empty, longer than the model's positions, with rows of several lengths, or
 * with invalid ids.
 */
export function checkBatch(argument: string, batch: TokenBatch, { vocabulary, context }: Fitted): void {
  checkFields(argument, batch);
  const { ids, targets, documents } = batch;
  const length = ids[0]?.length ?? 0;
  const fail = (problem: string): never => {
    throw new OptionError(`train: ${problem}`);
  };
  if (length === 0) fail("the batch has no tokens");
  if (length > context) fail(`ids[0] has ${length} tokens, expected at most ${context}, the model's context`);
  if (targets.length !== ids.length) fail(`the batch has ${ids.length} rows of ids and ${targets.length} of targets`);
  if (documents && documents.length !== ids.length) {
    fail(`the batch has ${ids.length} rows of ids and ${documents.length} of documents`);
  }
  for (const [i, row] of (documents ?? []).entries()) {
    if (row.length !== length) fail(`documents[${i}] has ${row.length} tokens, expected ${length} (from ids[0])`);
    const wrong = row.findIndex((document) => !Number.isInteger(document) || document < 0 || document >= 2 ** 32);
    if (wrong >= 0) fail(`documents[${i}][${wrong}] is ${row[wrong]}, expected an integer of 0 or more`);
  }
  for (const [name, rows] of Object.entries({ ids, targets })) {
    for (const [i, row] of rows.entries()) {
      if (row.length !== length) fail(`${name}[${i}] has ${row.length} tokens, expected ${length} (from ids[0])`);
      const wrong = row.findIndex(
        (id) => !(Number.isInteger(id) && id >= 0 && id < vocabulary) && !(name === "targets" && id === ignored),
      );
      const expected = `a token below ${vocabulary}${name === "targets" ? ` or ${ignored}` : ""}`;
      if (wrong >= 0) fail(`${name}[${i}][${wrong}] is ${row[wrong]}, expected ${expected}`);
    }
  }
}
