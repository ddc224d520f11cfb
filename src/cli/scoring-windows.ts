/** One run of the model over a text: it reads tokens `begin` to `end` and scores those from `from` on. */
export interface ScoringWindow {
  readonly begin: number;
  readonly end: number;
  readonly from: number;
}

/**
 * Windows that score each of `length` tokens once, except the first `given` and the very first, which has no token
 * before it: the sliding window of Hugging Face's "Perplexity of fixed-length models". After the first window, a token
 * has at least `window − stride` tokens before it. `stride` is 1 to `window − 1`.
 */
export function* scoringWindows(
  length: number,
  window: number,
  stride: number,
  given = 0,
): Generator<ScoringWindow, void> {
  let scored = Math.max(1, given);
  for (let begin = 0; scored < length; begin += stride) {
    const end = Math.min(begin + window, length);
    if (end > scored) yield { begin, end, from: scored };
    scored = Math.max(scored, end);
  }
}
