import { checkValue, object, required } from "../../options/checks.ts";
import { batchError, checkIds, checkRow, listCheck, rowsCheck } from "./batch-rows.ts";
import { ignored } from "./token-batches.ts";

/** Texts with a label each. */
export interface LabelBatch {
  /** Tokens of each text: rows of one or more, of any lengths. */
  readonly ids: readonly (readonly number[])[];
  /** The label of each row; −100 where it does not count. */
  readonly labels: readonly number[];
}

/** What labelled texts have to fit. */
export interface FittedLabels {
  readonly vocabulary: number;
  /** How many labels there are. */
  readonly labels: number;
  /** Positions that the model has; unset: there is no most. */
  readonly context?: number | undefined;
}

const labelCheck = object<LabelBatch>({ ids: required(rowsCheck), labels: required(listCheck) });

/**
 * Throws `OptionError` for what is no batch of labelled texts: no rows, another number of labels, rows of no tokens or of
 * more than there are positions, ids that are no tokens, or labels that are none.
 */
export function checkLabelBatch(argument: string, batch: LabelBatch, { vocabulary, labels, context }: FittedLabels) {
  checkValue("train", argument, labelCheck, batch);
  if (batch.ids.length === 0) throw batchError("the batch has no rows");
  if (batch.labels.length !== batch.ids.length) {
    throw batchError(`the batch has ${batch.ids.length} rows of ids and ${batch.labels.length} labels`);
  }
  for (const [i, row] of batch.ids.entries()) checkRow(`ids[${i}]`, row, context, { below: vocabulary });
  checkIds("labels", batch.labels, { below: labels, what: "a label", ignoring: true });
}

/** Labels that count. */
export const labelsIn = ({ labels }: LabelBatch): number => labels.filter((label) => label !== ignored).length;
