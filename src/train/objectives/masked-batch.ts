import { checkValue, object, required } from "../../options/checks.ts";
import { batchError, checkIds, checkLengths, checkRow, checkTypes, rowsCheck } from "./batch-rows.ts";

/** Texts with some tokens hidden, and these tokens. */
export interface MaskedBatch {
  /** Tokens of each text: rows of one or more, of any lengths. */
  readonly ids: readonly (readonly number[])[];
  /** The token to predict at each of them; −100: none. */
  readonly targets: readonly (readonly number[])[];
  /** The type of each token, for models that have types: 1 for those of a pair's second text. Unset: 0. */
  readonly types?: readonly (readonly number[])[] | undefined;
}

/** The limits of rows of tokens. */
interface FittedRows {
  readonly vocabulary: number;
  /** Maximum positions of the model; unset: unlimited. */
  readonly context?: number | undefined;
  /** Number of its token types. */
  readonly types: number;
}

const maskedCheck = object<MaskedBatch>({ ids: required(rowsCheck), targets: required(rowsCheck), types: rowsCheck });

/**
 * Throws `OptionError` for an invalid batch of masked texts: no rows, rows that are empty or longer than the model's
 * positions, targets or types of other lengths, or invalid ids.
 */
export function checkMaskedBatch(
  argument: string,
  batch: MaskedBatch,
  { vocabulary, context, types }: FittedRows,
): void {
  checkValue("train", argument, maskedCheck, batch);
  const { ids, targets } = batch;
  if (ids.length === 0) throw batchError("the batch has no rows");
  for (const [i, row] of ids.entries()) checkRow(`ids[${i}]`, row, context, { below: vocabulary });
  checkLengths(ids, targets, "targets");
  for (const [i, row] of targets.entries()) checkIds(`targets[${i}]`, row, { below: vocabulary, ignoring: true });
  checkTypes(ids, batch.types, types);
}
