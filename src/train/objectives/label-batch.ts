import { checkValue, object, required } from "../../options/checks.ts";
import { batchError, checkIds, checkRow, checkTypes, listCheck, rowsCheck } from "./batch-rows.ts";
import { ignored } from "./token-batches.ts";

/** Texts with a label each. */
export interface LabelBatch {
  /** Tokens of each text: rows of one or more, of any lengths. */
  readonly ids: readonly (readonly number[])[];
  /** The label of each row; −100: does not count. */
  readonly labels: readonly number[];
  /** The type of each token, for encoders that have types: 1 for those of a pair's second text. Unset: 0. */
  readonly types?: readonly (readonly number[])[] | undefined;
}

/** The limits of labelled texts. */
export interface FittedLabels {
  readonly vocabulary: number;
  /** Number of labels. */
  readonly labels: number;
  /** Maximum positions of the model; unset: unlimited. */
  readonly context?: number | undefined;
  /** Number of token types of the model; unset: none. */
  readonly types?: number | undefined;
}

const labelCheck = object<LabelBatch>({ ids: required(rowsCheck), labels: required(listCheck), types: rowsCheck });

/**
 * Throws `OptionError` for an invalid batch of labelled texts: no rows, another number of labels, rows that are empty
 * or longer than the model's positions, or invalid ids, labels or types.
 */
export function checkLabelBatch(argument: string, batch: LabelBatch, fitted: FittedLabels): void {
  const { vocabulary, labels, context, types } = fitted;
  checkValue("train", argument, labelCheck, batch);
  if (batch.ids.length === 0) throw batchError("the batch has no rows");
  if (batch.labels.length !== batch.ids.length) {
    throw batchError(`the batch has ${batch.ids.length} rows of ids and ${batch.labels.length} labels`);
  }
  for (const [i, row] of batch.ids.entries()) checkRow(`ids[${i}]`, row, context, { below: vocabulary });
  checkIds("labels", batch.labels, { below: labels, what: "a label", ignoring: true });
  checkTypes(batch.ids, batch.types, types);
}

/** Labels that count. */
export const labelsIn = ({ labels }: LabelBatch): number => labels.filter((label) => label !== ignored).length;
