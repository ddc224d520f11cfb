import { checkValue, object, required } from "../../options/checks.ts";
import { batchError, checkIds, checkLengths, checkRow, checkTypes, rowsCheck } from "./batch-rows.ts";
import type { FittedLabels } from "./label-batch.ts";

/** Texts with a label for each token. */
export interface TokenLabelBatch {
  /** Tokens of each text: rows of one or more, of any lengths. */
  readonly ids: readonly (readonly number[])[];
  /** The label of each token; −100: does not count. */
  readonly labels: readonly (readonly number[])[];
  /** The type of each token, for encoders that have types: 1 for those of a pair's second text. Unset: 0. */
  readonly types?: readonly (readonly number[])[] | undefined;
}

const batchCheck = object<TokenLabelBatch>({ ids: required(rowsCheck), labels: required(rowsCheck), types: rowsCheck });

/**
 * Throws `OptionError` for an invalid batch of labelled tokens: no rows, rows that are empty or longer than the model's
 * positions, labels or types of other lengths, or invalid ids.
 */
export function checkTokenLabelBatch(argument: string, batch: TokenLabelBatch, fitted: FittedLabels): void {
  const { vocabulary, labels, context, types } = fitted;
  checkValue("train", argument, batchCheck, batch);
  if (batch.ids.length === 0) throw batchError("the batch has no rows");
  for (const [i, row] of batch.ids.entries()) checkRow(`ids[${i}]`, row, context, { below: vocabulary });
  checkLengths(batch.ids, batch.labels, "labels");
  for (const [i, row] of batch.labels.entries()) {
    checkIds(`labels[${i}]`, row, { below: labels, what: "a label", ignoring: true });
  }
  checkTypes(batch.ids, batch.types, types);
}
