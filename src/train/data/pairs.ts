import { type Check, checkOptions, checkValue, fieldsOf, listOf, required, size } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import type { PairBatch } from "../objectives/pair-batch.ts";
import { ignored } from "../objectives/token-batches.ts";

/** A source and its target for an encoder-decoder, as token ids. */
export interface TokenPair {
  readonly source: readonly number[];
  /** Including its end token. */
  readonly target: readonly number[];
}

/** How pairs are converted to a batch. */
export interface PairOptions {
  /** The token that the decoder begins with: `defaults.start` of a model from `openTrainableEncoderDecoder`. */
  readonly start: number;
}

const fields = fieldsOf<PairOptions>({ start: required(size) });
const ids = required(listOf(size));
const pairFields = fieldsOf<TokenPair>({ source: ids, target: ids });
const record: Check = (value) =>
  typeof value === "object" && value !== null ? undefined : "an object with source and target";

/**
 * Pairs as a batch: the decoder reads each target from the start token on, except its last token, and learns all of it.
 * Shorter targets are padded, which does not count.
 *
 * @throws OptionError for invalid pairs, and for an empty list.
 */
export function pairBatch(pairs: readonly TokenPair[], options: PairOptions): PairBatch {
  checkValue("pairBatch", "pairs", listOf(record), pairs);
  for (const [i, pair] of pairs.entries()) checkOptions("pairBatch", pairFields, pair, `pairs[${i}].`);
  checkOptions("pairBatch", fields, options);
  const { start } = options;
  const longest = Math.max(0, ...pairs.map(({ target }) => target.length));
  if (longest === 0) throw new OptionError("pairBatch: no pair has a target");
  const filled = (row: readonly number[], by: number) => [...row, ...new Array<number>(longest - row.length).fill(by)];
  return {
    sources: pairs.map(({ source }) => source),
    ids: pairs.map(({ target }) => filled(target.length > 0 ? [start, ...target.slice(0, -1)] : [], start)),
    targets: pairs.map(({ target }) => filled(target, ignored)),
  };
}
