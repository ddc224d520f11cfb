import { checkValue, object, required } from "../../options/checks.ts";
import { batchError, checkIds, checkRow, rowsCheck } from "./batch-rows.ts";
import { ignored } from "./token-batches.ts";

/** Sources with their targets for teacher forcing: each decoder position reads the token before. */
export interface PairBatch {
  /** The encoder's input: rows of one token or more, of any lengths. */
  readonly sources: readonly (readonly number[])[];
  /** The decoder's input: rows of one length, each from the start token on. */
  readonly ids: readonly (readonly number[])[];
  /**
   * The next token for each of `ids`; −100 where the prediction does not count, as after the end of a shorter target.
   */
  readonly targets: readonly (readonly number[])[];
}

/** The limits of pairs. */
interface FittedPairs {
  /** Tokens of targets. */
  readonly vocabulary: number;
  /** Tokens of sources; default as many. */
  readonly sourceVocabulary?: number | undefined;
  /** Maximum positions of the decoder; unset: unlimited. */
  readonly context?: number | undefined;
  /** Maximum positions of the encoder; unset: unlimited. */
  readonly sourceContext?: number | undefined;
}

const pairCheck = object<PairBatch>({
  sources: required(rowsCheck),
  ids: required(rowsCheck),
  targets: required(rowsCheck),
});

/**
 * Throws `OptionError` for an invalid batch of pairs: no rows, empty rows, ids or targets of several lengths, more
 * tokens than positions, or invalid ids.
 */
export function checkPairBatch(argument: string, batch: PairBatch, fitted: FittedPairs): void {
  checkValue("train", argument, pairCheck, batch);
  const { vocabulary, sourceVocabulary = vocabulary, context, sourceContext } = fitted;
  const { sources, ids, targets } = batch;
  if (ids.length === 0) throw batchError("the batch has no rows");
  for (const [name, rows] of Object.entries({ sources, targets })) {
    if (rows.length === ids.length) continue;
    throw batchError(`the batch has ${ids.length} rows of ids and ${rows.length} of ${name}`);
  }
  for (const [i, row] of sources.entries()) {
    checkRow(`sources[${i}]`, row, sourceContext, { below: sourceVocabulary });
  }
  const length = ids[0]?.length ?? 0;
  for (const [i, row] of ids.entries()) {
    checkRow(`ids[${i}]`, row, context, { below: vocabulary });
    for (const [name, { length: own }] of Object.entries({ ids: row, targets: targets[i] ?? [] })) {
      if (own !== length) throw batchError(`${name}[${i}] has ${own} tokens, expected ${length} (from ids[0])`);
    }
  }
  for (const [i, row] of targets.entries()) checkIds(`targets[${i}]`, row, { below: vocabulary, ignoring: true });
}

/** Targets that count. */
export const pairTargetsIn = ({ targets }: PairBatch): number =>
  targets.reduce((sum, row) => sum + row.filter((target) => target !== ignored).length, 0);
