import { checkValue, object, required } from "../../options/checks.ts";
import { batchError, checkIds, listCheck } from "./batch-rows.ts";
import { ignored } from "./token-batches.ts";

/** Words, and a word near each. */
export interface WordBatch {
  readonly ids: readonly number[];
  /** A word near each of `ids`; −100 where the pair does not count. */
  readonly targets: readonly number[];
  /**
   * Words that are drawn for all pairs, by which near words are known from others (negative sampling, Mikolov et al. 2013).
   * Unset: the loss is the cross-entropy over all words.
   */
  readonly negatives?: readonly number[] | undefined;
}

const wordCheck = object<WordBatch>({ ids: required(listCheck), targets: required(listCheck), negatives: listCheck });

/** Throws `OptionError` for what is no batch of words: no pairs, lists of two lengths, or ids that are no words. */
export function checkWordBatch(argument: string, batch: WordBatch, vocabulary: number): void {
  checkValue("train", argument, wordCheck, batch);
  const { ids, targets, negatives } = batch;
  const words = { below: vocabulary, what: "a word" };
  if (ids.length === 0) throw batchError("the batch has no words");
  if (targets.length !== ids.length) throw batchError(`the batch has ${ids.length} ids and ${targets.length} targets`);
  if (negatives?.length === 0) throw batchError("the batch has no negatives, expected one or more, or to be left out");
  checkIds("ids", ids, words);
  checkIds("targets", targets, { ...words, ignoring: true });
  checkIds("negatives", negatives ?? [], words);
}

/** Pairs that count. */
export const pairsIn = ({ targets }: WordBatch): number => targets.filter((target) => target !== ignored).length;
