import { checkValue, object, required } from "../../options/checks.ts";
import { batchError, checkRow, rowsCheck } from "./batch-rows.ts";

/** Pairs of texts that belong together, each with those of other pairs as the ones that do not. */
export interface ContrastiveBatch {
  /** Tokens of the first text of each pair: rows of one or more, of any lengths. */
  readonly ids: readonly (readonly number[])[];
  /** Tokens of the second text of each pair. */
  readonly others: readonly (readonly number[])[];
}

/** The limits of rows of tokens. */
interface FittedTexts {
  readonly vocabulary: number;
  /** Maximum positions of the model; unset: unlimited. */
  readonly context?: number | undefined;
}

const batchCheck = object<ContrastiveBatch>({ ids: required(rowsCheck), others: required(rowsCheck) });

/**
 * Throws `OptionError` for an invalid batch of pairs: fewer than two, which leave nothing to distinguish, another number
 * of second texts, rows that are empty or longer than the model's positions, or invalid ids.
 */
export function checkContrastiveBatch(argument: string, batch: ContrastiveBatch, fitted: FittedTexts): void {
  checkValue("train", argument, batchCheck, batch);
  const { vocabulary, context } = fitted;
  const { ids, others } = batch;
  if (ids.length < 2) throw batchError(`the batch has ${ids.length} pairs, expected two or more to distinguish`);
  if (others.length !== ids.length)
    throw batchError(`the batch has ${ids.length} rows of ids and ${others.length} of others`);
  for (const [name, rows] of Object.entries({ ids, others })) {
    for (const [i, row] of rows.entries()) checkRow(`${name}[${i}]`, row, context, { below: vocabulary });
  }
}

/** Pairs that count: all. */
export const pairsIn = ({ ids }: ContrastiveBatch): number => ids.length;
