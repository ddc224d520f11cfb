// word2vec's text format: "count width", then a line for each word: the word and its numbers, with spaces between them.
import { FormatError, printed, shortened } from "../../formats/format-error.ts";

/** Words with their vectors. */
export interface NamedVectors {
  readonly words: readonly string[];
  /** The vector of each word, all of one width. */
  readonly vectors: readonly Float32Array[];
}

/** The shortest decimal number that is nearest to an f32. */
function shortest(value: number): string {
  for (let digits = 6; digits < 9; digits++) {
    const text = String(Number(value.toPrecision(digits)));
    if (Math.fround(Number(text)) === value) return text;
  }
  return String(Number(value.toPrecision(9)));
}

/** The lines of words' vectors in word2vec's text format, with their ends. */
export function* word2vecLines({ words, vectors }: NamedVectors): Generator<string> {
  yield `${words.length} ${vectors[0]?.length ?? 0}\n`;
  for (const [i, word] of words.entries()) yield `${word} ${Array.from(vectors[i] ?? [], shortest).join(" ")}\n`;
}

/**
 * Reads word2vec's text format as gensim does: the first line is the number of words and their width; words have no
 * spaces; of a word that is there twice, the first vector counts.
 *
 * @throws FormatError, with the line, for another first line, a line of another width or without a number, and fewer or
 * more lines than the first one says.
 */
export function readWord2vec(file: string, text: string): NamedVectors {
  const lines = text.split("\n").map((line) => line.trimEnd());
  while (lines.at(-1) === "") lines.pop();
  const [first = "", ...others] = lines;
  const [count = 0, width = 0] = (/^(\d+) (\d+)$/.exec(first) ?? []).slice(1).map(Number);
  if (count === 0 || width === 0) {
    const problem = `is ${printed(shortened(first, 60))}, expected the number of words and their width, such as 400 32`;
    throw new FormatError(file, problem, { field: "line 1" });
  }
  if (others.length !== count) {
    throw new FormatError(file, `has ${others.length} words, expected ${count} (from line 1)`);
  }
  const found = new Map<string, Float32Array>();
  for (const [i, line] of others.entries()) {
    const [word = "", ...numbers] = line.split(" ");
    const field = `line ${i + 2}`;
    if (numbers.length !== width) {
      throw new FormatError(file, `has ${numbers.length} numbers, expected ${width} (from line 1)`, { field });
    }
    const vector = Float32Array.from(numbers, Number);
    const wrong = numbers.findIndex((number, at) => number === "" || !Number.isFinite(vector[at]));
    if (wrong >= 0) throw new FormatError(file, `has ${printed(numbers[wrong] ?? "")}, expected a number`, { field });
    if (!found.has(word)) found.set(word, vector);
  }
  return { words: [...found.keys()], vectors: [...found.values()] };
}
