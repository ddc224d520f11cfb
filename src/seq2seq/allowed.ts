import { type Ban, banRepeats, banTokens, clearBanned } from "../generate/beams/bans.ts";
import { wordsOf } from "../kernels/sampling/restrict.ts";

/** Which tokens are allowed: those always banned, and those forced at the ends. */
export interface TokenRules {
  readonly vocabulary: number;
  readonly forbidden: readonly number[];
  readonly forcedFirst?: number | undefined;
  readonly forcedLast?: number | undefined;
  /** No sequence of this many tokens occurs twice; 0: no limit. */
  readonly noRepeatNgram: number;
}

/** What the rules ban at any length of a text. */
export const bansOf = ({ forbidden, noRepeatNgram }: TokenRules): readonly Ban[] => [
  ...(forbidden.length > 0 ? [banTokens(forbidden)] : []),
  ...(noRepeatNgram > 0 ? [banRepeats(noRepeatNgram)] : []),
];

/** True if the rules ban anything at all. */
export const isRestricted = ({ forbidden, forcedFirst, forcedLast, noRepeatNgram }: TokenRules): boolean =>
  forbidden.length > 0 || forcedFirst !== undefined || forcedLast !== undefined || noRepeatNgram > 0;

/** The forced token at an index among those generated, of at most `most`. */
export const forcedToken = (
  { forcedFirst, forcedLast }: TokenRules,
  index: number,
  most: number,
): number | undefined =>
  index === 0 && forcedFirst !== undefined ? forcedFirst : index === most - 1 ? forcedLast : undefined;

/**
 * The tokens that may follow a text, as bits (see `restrict`): only the forced one if there is one, else all that are
 * not banned. `text` begins with the row's first token.
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
  clearBanned(words, bansOf(rules), text, rules.vocabulary);
  return words;
}
