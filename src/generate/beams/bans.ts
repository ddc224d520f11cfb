import type { ResolvedOptions } from "../options.ts";
import type { RunInputs } from "../session/run-inputs.ts";
import type { TokenConstraint } from "../session/token-constraint.ts";

/** The tokens banned after a text; it includes the prompt's tokens. */
export type Ban = (text: readonly number[]) => Iterable<number>;

/** Tokens that are always banned. */
export const banTokens =
  (tokens: readonly number[]): Ban =>
  () =>
    tokens;

/**
 * No repeated n-grams: bans what followed earlier occurrences of the last n − 1 tokens (`no_repeat_ngram_size` of
 * transformers; Paulus et al. 2017, section 2.5). With n = 1 no token occurs twice.
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

/** The tokens allowed by a constraint and a ban on repeats. `text` has all tokens so far, and keeps changing. */
function constraintOf(text: number[], n: number, vocabulary: number, other?: TokenConstraint): TokenConstraint {
  const bans = [banRepeats(n)];
  return {
    async mask(into) {
      if (!(await other?.mask(into))) into.fill(0xffffffff);
      clearBanned(into, bans, text, vocabulary);
      return true;
    },
    accept(token) {
      other?.accept(token);
      text.push(token);
    },
    // With proposed tokens, a constraint without it is refused.
    rollback(tokens) {
      other?.rollback?.(tokens);
      text.length -= tokens;
    },
  };
}

/** Options with `noRepeatNgram` as a constraint, joined with the given ones. */
export function withoutRepeats(
  options: ResolvedOptions,
  { tokens, generated }: RunInputs,
  vocabulary: number,
): ResolvedOptions {
  const constraints = tokens.map((prompt, row) =>
    constraintOf([...prompt, ...(generated[row] ?? [])], options.noRepeatNgram, vocabulary, options.constraints[row]),
  );
  return { ...options, constraints };
}
