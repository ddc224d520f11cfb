import type { Tokenizer } from "../../src/index.ts";

/** Maximum number of seeds to try. */
const seeds = 64;

/**
 * A text of exactly this many tokens, including those that the tokenizer adds, for engines that do not take ids. The
 * same seed gives the same text, which begins with `before`. Throws a RangeError if none was found.
 */
export function textOfTokens(tokenizer: Pick<Tokenizer, "encode">, count: number, seed: number, before = ""): string {
  for (let attempt = 0; attempt < seeds; attempt++) {
    const letters = someLetters(16 * count + 64, seed * seeds + attempt);
    let length = Math.max(1, count - before.length);
    for (let step = 0; step < 64; step++) {
      const text = before + letters.slice(0, length);
      const tokens = tokenizer.encode(text).length;
      if (tokens === count) return text;
      const next = length + count - tokens;
      if (next < 1 || next > letters.length) break;
      length = next;
    }
  }
  throw new RangeError(`no text of ${count} tokens was found for this tokenizer`);
}

/** Lower-case letters and spaces, beginning with a letter, from a linear congruential generator. */
function someLetters(count: number, seed: number): string {
  let state = (seed * 2_654_435_761 + 12_345) % 4_294_967_296;
  let text = "";
  for (let i = 0; i < count; i++) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const kind = (state >>> 8) % 31;
    text += kind < 26 || i === 0 ? String.fromCharCode(97 + (kind % 26)) : " ";
  }
  return text;
}
