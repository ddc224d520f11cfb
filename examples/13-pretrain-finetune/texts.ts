// Sentences of four voices, each with the one that follows it, and drawing some of them at random.
import { readFileSync } from "node:fs";
import { join } from "node:path";

/** The voices, and what each is read from. */
export const voices = ["scripture", "whale", "union", "jargon"] as const;

/** A sentence of a text. */
export interface Sentence {
  readonly text: string;
  readonly voice: (typeof voices)[number];
  /** The document that it is from. */
  readonly document: string;
  /** The sentence that follows it in its paragraph or the next one. */
  readonly next: string | undefined;
}

/** Words that a sentence has at least, and characters at most, so that a step takes a fraction of a second on a CPU. */
const [leastWords, mostCharacters] = [5, 90];

/** The end of a sentence: a mark, not of a title such as "Mr.", before a space and a capital. */
const ends = /(?<=[.!?]["')\]]*)(?<!\b(?:Mr|Mrs|Dr|St|Gen|No)\.)\s+(?=["'([]*[A-Z])/;

const isUsed = (text: string) => text.length <= mostCharacters && text.split(/\s+/).length >= leastWords;

/** The sentences of a corpus's part: of training, or those held out, in the order of the texts. */
export function readSentences(corpus: string, part: "train" | "val"): readonly Sentence[] {
  return voices.flatMap((voice) => {
    const documents = readFileSync(join(corpus, `${voice}.${part}.txt`), "utf8").split("\n<|endoftext|>\n");
    return documents.flatMap((document, number) => {
      const all = document
        .split("\n")
        .flatMap((paragraph) => paragraph.trim().split(ends))
        .filter((text) => text !== "");
      const from = { voice, document: `${voice} ${number}` };
      return all.flatMap((text, i) => {
        const next = all[i + 1];
        return isUsed(text) ? [{ text, ...from, next: next !== undefined && isUsed(next) ? next : undefined }] : [];
      });
    });
  });
}

/** Random numbers in [0, 1), the same for the same seed (mulberry32, Tommy Ettinger). */
export function randomNumbers(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Items in a random order (Fisher and Yates). */
export function shuffled<T>(items: readonly T[], random: () => number): T[] {
  const all = [...items];
  for (let i = all.length - 1; i > 0; i--) {
    const other = Math.floor(random() * (i + 1));
    [all[i], all[other]] = [all[other] as T, all[i] as T];
  }
  return all;
}

/** The first of each voice by turns, as many of each while there are some. */
export function byTurns(sentences: readonly Sentence[], count: number): readonly Sentence[] {
  const of = voices.map((voice) => sentences.filter((sentence) => sentence.voice === voice));
  const most = Math.max(...of.map(({ length }) => length));
  const turns = Array.from({ length: most }, (_, i) => of.flatMap((own) => own.slice(i, i + 1)));
  const found = turns.flat().slice(0, count);
  if (found.length === count) return found;
  throw new Error(`the texts have ${found.length} sentences of that kind, expected ${count}`);
}
