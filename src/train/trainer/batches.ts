import { GradientError } from "../errors.ts";

/** Tokens: as many for each sequence, and what follows each of them; a target of −100 does not count. */
export interface TokenBatch {
  readonly ids: readonly (readonly number[])[];
  readonly targets: readonly (readonly number[])[];
  /** For each token which document of its row it belongs to: tokens attend within one. Unset: a row is one sequence. */
  readonly documents?: readonly (readonly number[])[] | undefined;
}

/** The target of a prediction that does not count. */
export const ignored = -100;

/** Targets that count. */
export const targetsIn = ({ targets }: TokenBatch): number =>
  targets.reduce((sum, row) => sum + row.filter((target) => target !== ignored).length, 0);

/** Throws `GradientError` for batches of no tokens, of rows of several lengths, or with ids that are no tokens. */
export function checkBatch({ ids, targets, documents }: TokenBatch, vocabulary: number): void {
  const length = ids[0]?.length ?? 0;
  const fail = (problem: string): never => {
    throw new GradientError(`train: ${problem}`);
  };
  if (length === 0) fail("the batch has no tokens");
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
