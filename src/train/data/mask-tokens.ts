import { type Check, checkOptions, checkValue, fieldsOf, integer, listOf, required } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import { threefry2x32, type Words } from "../../tensor/threefry.ts";
import type { MaskedBatch } from "../objectives/masked-batch.ts";
import { ignored } from "../objectives/token-batches.ts";

/** How tokens are hidden. */
export interface MaskOptions {
  /** The token in the place of hidden ones: `tokenizer.specials.mask`. */
  readonly mask: number;
  /** Vocabulary size: ids below it may replace others. */
  readonly vocabulary: number;
  /** The share of a row's tokens to predict, at least one token; default 0.15. */
  readonly share?: number | undefined;
  /**
   * Tokens that are never hidden and replace no other token, such as `tokenizer.specials`; the mask is always one of
   * them.
   */
  readonly never?: readonly number[] | undefined;
  /** A u32; default 0. */
  readonly seed?: number | undefined;
  /** The number of the step, a u32, so that each hides different tokens; default 0. */
  readonly step?: number | undefined;
}

const share: Check = (value) =>
  typeof value === "number" && value > 0 && value <= 1 ? undefined : "a number above 0 and up to 1";
const word = integer(0, 2 ** 32 - 1);
const fields = fieldsOf<MaskOptions>({
  mask: required(integer(0, 2 ** 31 - 1)),
  vocabulary: required(integer(1, 2 ** 31 - 1)),
  share,
  never: listOf(integer(0, 2 ** 31 - 1)),
  seed: word,
  step: word,
});
const rowsCheck = listOf((row) => (Array.isArray(row) ? undefined : "a list of token ids"));

/** Other draws of a seed use counters whose second word is below this. */
const [ofChoice, ofToken] = [2 ** 31, 2 ** 31 + 2 ** 30];

/** Shares of hidden tokens: those replaced by the mask, and those replaced at all. */
const [masked, changed] = [0.8, 0.9];

/**
 * Rows with some tokens hidden, and these tokens as targets (Devlin et al. 2018, section 3.1 and its code): in each row
 * the share of its tokens, rounded, and at least one. Of these 80 % become the mask, 10 % a random token, and 10 %
 * stay, each drawn independently. Draws depend only on seed, step, row and position.
 *
 * @throws OptionError for invalid options, and for a mask outside the vocabulary.
 */
export function maskTokens(rows: readonly (readonly number[])[], options: MaskOptions): MaskedBatch {
  checkValue("maskTokens", "rows", rowsCheck, rows);
  checkOptions("maskTokens", fields, options);
  const { mask, vocabulary, share = 0.15, never = [], seed = 0, step = 0 } = options;
  if (mask >= vocabulary) throw new OptionError(`maskTokens: mask is ${mask}, expected a token below ${vocabulary}`);
  const kept = new Set([mask, ...never]);
  const skipped = [...kept].filter((id) => id < vocabulary).toSorted((a, b) => a - b);
  const key: Words = [seed, step];
  const batch = { ids: rows.map((row) => [...row]), targets: rows.map((row) => row.map(() => ignored)) };
  for (const [i, row] of rows.entries()) {
    const drawn = row.flatMap((id, at) => {
      if (kept.has(id)) return [];
      const [order, kind] = threefry2x32(key, [at, ofChoice + i]);
      return [{ id, at, order, kind: kind / 2 ** 32 }];
    });
    const count = Math.min(drawn.length, Math.max(1, Math.round(share * drawn.length)));
    const chosen = drawn.toSorted((a, b) => a.order - b.order || a.at - b.at).slice(0, count);
    const [ids = [], targets = []] = [batch.ids[i], batch.targets[i]];
    for (const { id, at, kind } of chosen) {
      targets[at] = id;
      if (kind < masked) ids[at] = mask;
      else if (kind < changed) ids[at] = anyToken(threefry2x32(key, [at, ofToken + i])[0], vocabulary, skipped) ?? id;
    }
  }
  return batch;
}

/** The token for a random word, among those not skipped, in order; undefined if all are skipped. */
function anyToken(word: number, vocabulary: number, skipped: readonly number[]): number | undefined {
  const count = vocabulary - skipped.length;
  if (count === 0) return undefined;
  let id = Math.floor((word / 2 ** 32) * count);
  for (const one of skipped) if (one <= id) id++;
  return id;
}
