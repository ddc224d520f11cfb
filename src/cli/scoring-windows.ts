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

/**
 * The documents of a text: the stretches between lines that are exactly `separator`, without the empty lines around
 * them; empty ones are left out. The whole text where there is no separator.
 */
export function splitDocuments(text: string, separator: string | undefined): string[] {
  if (separator === undefined) return [text];
  const documents: string[][] = [[]];
  for (const line of text.split(/\r?\n/)) {
    if (line === separator) documents.push([]);
    else documents.at(-1)?.push(line);
  }
  return documents.map((lines) => lines.join("\n").replace(/^\n+|\n+$/g, "")).filter((text) => text.trim() !== "");
}
