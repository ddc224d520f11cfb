import { sentencesOf } from "./sentences.ts";

/** A text to search in. */
export interface SourceText {
  readonly name: string;
  readonly text: string;
}

/** Consecutive sentences of a text. */
export interface Passage {
  /** Index of the text. */
  readonly text: number;
  /** At least one; joined by spaces they form the passage. */
  readonly sentences: readonly string[];
}

/** Approximate maximum characters of a passage. */
export const passageSizes = { short: 200, medium: 400, long: 800 } as const;
export type PassageSize = keyof typeof passageSizes;

/** The words of a passage. */
export const wordsOf = ({ sentences }: Passage): string => sentences.join(" ");

/** True for a short line that does not end like a sentence: the following text belongs to it. */
export const isHeading = (line: string): boolean => line.length <= 80 && !/[.!?…:;,"”’)]\s*$/.test(line);

/** Which of a passage's sentences can match: not headings, unless there is nothing else. */
export function matchable({ sentences }: Pick<Passage, "sentences">): readonly number[] {
  const numbers = sentences.map((_, i) => i);
  const proper = numbers.filter((i) => !isHeading(sentences[i] ?? ""));
  return proper.length > 0 ? proper : numbers;
}

/** True if two lists have the same passages. */
export const samePassages = (p: readonly Passage[], q: readonly Passage[]): boolean =>
  p.length === q.length && p.every((one, i) => one.text === q[i]?.text && wordsOf(one) === wordsOf(q[i] ?? one));

/** A paragraph with fewer characters, as in a dialogue, is no separate passage. */
const shortest = 40;

/**
 * Splits texts into passages: as many whole sentences as fit `most` characters, or one longer sentence. A passage ends
 * with its paragraph unless that is very short; a heading begins one, and stays with the following text.
 */
export function cut(texts: readonly SourceText[], most: number): Passage[] {
  const passages: Passage[] = [];
  for (const [text, { text: words }] of texts.entries()) {
    let sentences: string[] = [];
    let length = 0;
    /** Only a heading so far: the following text stays with it, at any length. */
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
