import { wordsOf } from "../kernels/sampling/restrict.ts";

/** Which tokens may come: what never may, and what has to at the ends. */
export interface TokenRules {
  readonly vocabulary: number;
  readonly forbidden: readonly number[];
  readonly forcedFirst?: number | undefined;
  readonly forcedLast?: number | undefined;
  /** No sequence of this many tokens comes twice; 0: any may. */
  readonly noRepeatNgram: number;
}

/** True where rules forbid anything at all. */
export const isRestricted = ({ forbidden, forcedFirst, forcedLast, noRepeatNgram }: TokenRules): boolean =>
  forbidden.length > 0 || forcedFirst !== undefined || forcedLast !== undefined || noRepeatNgram > 0;

/** The token that has to come at an index among those generated, of at most `most`. */
export const forcedToken = (
  { forcedFirst, forcedLast }: TokenRules,
  index: number,
  most: number,
): number | undefined =>
  index === 0 && forcedFirst !== undefined ? forcedFirst : index === most - 1 ? forcedLast : undefined;

/**
 * The tokens that may follow a text, as bits (see `restrict`): the forced one alone where there is one, else all that are
 * not forbidden. `text` begins with the row's first token.
 */
export function allowedAfter(
  rules: TokenRules,
  text: readonly number[],
  forced: number | undefined,
): Uint32Array<ArrayBuffer> {
  const words = new Uint32Array(wordsOf(rules.vocabulary));
  if (forced !== undefined) {
    words[forced >> 5] = 1 << (forced & 31);
    return words;
  }
  words.fill(0xffffffff);
  const forbid = (token: number) => {
    words[token >> 5] = (words[token >> 5] ?? 0) & ~(1 << (token & 31));
  };
  for (const token of rules.forbidden) forbid(token);
  for (const token of repeats(text, rules.noRepeatNgram)) forbid(token);
  return words;
}

/**
 * The tokens that followed the last n − 1 tokens wherever these occurred before (`no_repeat_ngram_size` of transformers;
 * Paulus et al. 2017, section 2.5).
 */
export function repeats(text: readonly number[], n: number): number[] {
  if (n < 1) return [];
  const begin = text.length - (n - 1);
  const found: number[] = [];
  for (let at = 0; at < begin; at++) {
    const isSame = Array.from({ length: n - 1 }).every((_, i) => text[at + i] === text[begin + i]);
    const next = text[at + n - 1];
    if (isSame && next !== undefined) found.push(next);
  }
  return found;
}
