// The three tasks: what their examples are, and how predictions are scored.
import { byTurns, randomNumbers, type Sentence, shuffled, voices } from "./texts.ts";

/** A text or a pair, with its label, or with one label for each of its words. */
export interface Example {
  readonly texts: readonly [string] | readonly [string, string];
  readonly labels: readonly number[];
}

/** A task for a fine-tuned encoder. */
export interface Task {
  readonly name: "voice" | "capitals" | "follows";
  readonly title: string;
  readonly kind: "classify" | "classify-tokens";
  readonly labels: readonly string[];
  /** How well it is done, in words. */
  readonly measure: string;
  /** Examples of sentences, the first ones the same for every count. */
  readonly examples: (sentences: readonly Sentence[], count: number, seed: number) => readonly Example[];
  /** The score of predictions, one or one for each word, from 0 to 1. */
  readonly score: (examples: readonly Example[], predicted: readonly (readonly number[])[]) => number;
}

/** The share of examples with the right label. */
const accuracy: Task["score"] = (examples, predicted) =>
  examples.filter(({ labels }, i) => labels[0] === predicted[i]?.[0]).length / examples.length;

/** Who wrote it: a label a sentence. */
const voice: Task = {
  name: "voice",
  title: "Name the voice",
  kind: "classify",
  labels: voices,
  measure: "accuracy",
  examples: (sentences, count, seed) =>
    byTurns(shuffled(sentences, randomNumbers(seed)), count).map(({ text, voice }) => ({
      texts: [text],
      labels: [voices.indexOf(voice)],
    })),
  score: accuracy,
};

const [keep, first, all] = [0, 1, 2];

/** How a word is written: its label, by its letters. */
function capitalsOf(word: string): number {
  const letters = word.replaceAll(/[^A-Za-z]/g, "");
  if (letters.length > 1 && letters === letters.toUpperCase()) return all;
  return /^[A-Z]/.test(letters) ? first : keep;
}

/**
 * F1 of the words that have capitals, and of which: the harmonic mean of how many of those found are right and how many
 * of those in the texts are found. The first word of a sentence does not count, which its place gives away.
 */
const capitalsFound: Task["score"] = (examples, predicted) => {
  let [right, found, there] = [0, 0, 0];
  for (const [i, { labels }] of examples.entries()) {
    for (const [word, label] of labels.entries()) {
      if (word === 0) continue;
      const guess = predicted[i]?.[word] ?? keep;
      if (label !== keep) there++;
      if (guess !== keep) found++;
      if (label !== keep && label === guess) right++;
    }
  }
  return found + there === 0 ? 0 : (2 * right) / (found + there);
};

/** Which words had capitals, from the text in lower case: a label a word. */
const capitals: Task = {
  name: "capitals",
  title: "Restore capitals",
  kind: "classify-tokens",
  labels: ["keep", "first letter", "all letters"],
  measure: "F1 of words with capitals",
  examples: (sentences, count, seed) =>
    byTurns(shuffled(sentences, randomNumbers(seed)), count).map(({ text }) => ({
      texts: [text.toLowerCase()],
      labels: text.split(/\s+/).map(capitalsOf),
    })),
  score: capitalsFound,
};

/**
 * Whether the second sentence follows the first, as half of them do; the others are of any other document (Devlin et
 * al. 2018, section 3.1, task 2).
 */
const follows: Task = {
  name: "follows",
  title: "Does it follow?",
  kind: "classify",
  labels: ["another text", "follows"],
  measure: "accuracy",
  examples: (sentences, count, seed) => {
    const random = randomNumbers(seed);
    const mixed = shuffled(sentences, random);
    const begun = byTurns(
      mixed.filter(({ next }) => next !== undefined),
      count,
    );
    const of = voices.map((voice) => mixed.filter((sentence) => sentence.voice === voice));
    return begun.map(({ text, document, next = "" }, i): Example => {
      // Every second round of the voices.
      if (Math.floor(i / voices.length) % 2 === 0) return { texts: [text, next], labels: [1] };
      const own = of[Math.floor(random() * voices.length)] ?? [];
      const others = own.filter((other) => other.document !== document);
      return { texts: [text, others[Math.floor(random() * others.length)]?.text ?? ""], labels: [0] };
    });
  },
  score: accuracy,
};

export const tasks: readonly Task[] = [voice, capitals, follows];
