import { checkValue, object, positive, required } from "../../options/checks.ts";
import { batchError, checkIds, listCheck } from "./batch-rows.ts";
import { ignored } from "./token-batches.ts";

/** Words, and a neighbour of each. */
export interface WordBatch {
  readonly ids: readonly number[];
  /** A neighbour of each of `ids`; −100: the pair does not count. */
  readonly targets: readonly number[];
  /**
   * Words drawn for all pairs, to distinguish neighbours from other words (negative sampling, Mikolov et al. 2013).
   * Unset: the loss is the cross-entropy over all words.
   */
  readonly negatives?: readonly number[] | undefined;
  /**
   * The number k of negatives that each pair counts, each drawn word as k / their number; a pair's chance to be of
   * neighbours is then σ(s − ln k) for a product s, which becomes the pointwise mutual information of the two words
   * (without it, less ln k; Levy and Goldberg 2014, section 3). Unset: each drawn word counts 1, and the chance is σ(s).
   */
  readonly perPair?: number | undefined;
}

const wordCheck = object<WordBatch>({
  ids: required(listCheck),
  targets: required(listCheck),
  negatives: listCheck,
  perPair: positive,
});

/** Throws `OptionError` for an invalid batch of words: no pairs, lists of different lengths, or invalid ids. */
export function checkWordBatch(argument: string, batch: WordBatch, vocabulary: number): void {
  checkValue("train", argument, wordCheck, batch);
  const { ids, targets, negatives, perPair } = batch;
  const words = { below: vocabulary, what: "a word" };
  if (ids.length === 0) throw batchError("the batch has no words");
  if (targets.length !== ids.length) throw batchError(`the batch has ${ids.length} ids and ${targets.length} targets`);
  if (negatives?.length === 0) throw batchError("the batch has no negatives, expected one or more, or to be left out");
  if (perPair !== undefined && !negatives) throw batchError("the batch has perPair, expected negatives with it");
  checkIds("ids", ids, words);
  checkIds("targets", targets, { ...words, ignoring: true });
  checkIds("negatives", negatives ?? [], words);
}

/** Pairs that count. */
export const pairsIn = ({ targets }: WordBatch): number => targets.filter((target) => target !== ignored).length;
