/** The tokens that may not come after a text; all tokens of it are given, those of the prompt too. */
export type Ban = (text: readonly number[]) => Iterable<number>;

/** Tokens that never come. */
export const banTokens =
  (tokens: readonly number[]): Ban =>
  () =>
    tokens;

/**
 * No n tokens in a row twice: what followed the last n − 1 tokens wherever they occurred before (`no_repeat_ngram_size` of
 * transformers; Paulus et al. 2017, section 2.5). With n = 1 no token comes twice.
 */
export const banRepeats =
  (n: number): Ban =>
  (text) => {
    const begin = text.length - (n - 1);
    const banned: number[] = [];
    for (let at = 0; at < begin; at++) {
      let same = 0;
      while (same < n - 1 && text[at + same] === text[begin + same]) same++;
      const next = text[at + n - 1];
      if (same === n - 1 && next !== undefined) banned.push(next);
    }
    return banned;
  };

/** Clears the bits of banned tokens among those of a row (see `restrict`). */
export function clearBanned(
  words: Uint32Array,
  bans: readonly Ban[],
  text: readonly number[],
  vocabulary: number,
): void {
  for (const ban of bans) {
    for (const token of ban(text)) {
      if (token < vocabulary) words[token >> 5] = (words[token >> 5] ?? 0) & ~(1 << (token & 31));
    }
  }
}
