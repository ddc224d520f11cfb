import { sentencesOf } from "./sentences.ts";

/** A text to search in. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

/** Sentences that follow one another in a text. */
export interface Passage {
  /** Which of the texts. */
  readonly text: number;
  /** At least one; with spaces between them they are the passage. */
  readonly sentences: readonly string[];
}

/** About how many characters a passage has at most. */
export const passageSizes = { short: 200, medium: 400, long: 800 } as const;
export type PassageSize = keyof typeof passageSizes;

/** The words of a passage. */
export const wordsOf = ({ sentences }: Passage): string => sentences.join(" ");

/** True of a short line that does not end as a sentence does: what follows belongs to it. */
export const isHeading = (line: string): boolean => line.length <= 80 && !/[.!?…:;,"”’)]\s*$/.test(line);

/** Which of a passage's sentences can be the one that matched: headings are not, unless there is nothing else. */
export function matchable({ sentences }: Pick<Passage, "sentences">): readonly number[] {
  const numbers = sentences.map((_, i) => i);
  const proper = numbers.filter((i) => !isHeading(sentences[i] ?? ""));
  return proper.length > 0 ? proper : numbers;
}

/** True where two lists hold the same passages. */
export const samePassages = (p: readonly Passage[], q: readonly Passage[]): boolean =>
  p.length === q.length && p.every((one, i) => one.text === q[i]?.text && wordsOf(one) === wordsOf(q[i] ?? one));

/** A paragraph of fewer characters, as in a dialogue, is no passage of its own. */
const shortest = 40;

/**
 * Cuts texts into passages: as many whole sentences as have at most `most` characters, or one sentence that is longer. A
 * passage ends with its paragraph unless that has a few words only; a heading begins one, and stays with what follows.
 */
export function cut(texts: readonly SourceText[], most: number): Passage[] {
  const passages: Passage[] = [];
  for (const [text, { text: words }] of texts.entries()) {
    let sentences: string[] = [];
    let length = 0;
    /** Only a heading so far: what follows stays with it, however long. */
    let headed = false;
    const close = () => {
      if (sentences.length > 0) passages.push({ text, sentences });
      [sentences, length] = [[], 0];
    };
    for (const paragraph of words.split(/\r?\n[^\S\n]*\r?\n\s*|\u2029/)) {
      const heading = isHeading(paragraph.trim());
      if (heading || (length >= shortest && !headed)) close();
      for (const sentence of sentencesOf(paragraph)) {
        if (length > 0 && length + 1 + sentence.length > most && !headed) close();
        sentences.push(sentence);
        length += sentence.length + Number(length > 0);
        headed = heading;
      }
    }
    close();
  }
  return passages;
}
