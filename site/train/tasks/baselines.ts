import { type Guess, guessOf } from "./guesses.ts";
import { randomOf } from "./random.ts";
import type { Example, Examples } from "./task.ts";

/** Losses in nats without a model, over the same targets. */
export interface Baselines {
  /** ln V: each character as likely as any other. */
  readonly uniform: number;
  /** By the frequency of each character. */
  readonly unigram: number | undefined;
  /**
   * By the frequency of each after the previous one. With many tokens neither is known, since counts of a short text
   * are too few; labels have no bigrams.
   */
  readonly bigram: number | undefined;
  /** Right answers without a model, for tasks where that is meaningful. */
  readonly guess?: Guess | undefined;
}

/** Maximum vocabulary for counting frequencies. */
const maxCounted = 256;

/** Approximate number of characters counted. */
const sample = 100_000;

/**
 * What a model that knows only frequencies reaches, by counting in training examples; only of labels if these are
 * predicted.
 */
export function baselinesOf(examples: Examples, asked: "text" | "labels" = "text"): Baselines {
  const { labels } = examples;
  const guess = guessOf(examples);
  const found = asked === "labels" && labels !== undefined ? ofLabels(examples, labels) : ofText(examples);
  return { ...found, ...(guess ? { guess } : {}) };
}

function ofText(examples: Examples): Baselines {
  const { alphabet, promptLength, answerLength, wholeLoss } = examples;
  const v = alphabet.length;
  if (v > maxCounted) return { uniform: Math.log(v), unigram: undefined, bigram: undefined };
  const ids = new Map([...alphabet].map((character, id) => [character, id]));
  const pairs = new Float64Array((v + 1) * v);
  // Without a prompt the first character counts too: it has no predecessor, which gets a separate row.
  const first = ({ prompt }: Example) => (wholeLoss ? Math.min(1, prompt.length) : prompt.length);
  for (const example of drawn(examples, wholeLoss ? promptLength + answerLength - 1 : answerLength)) {
    const text = example.prompt + example.answer;
    for (let i = first(example); i < text.length; i++) {
      const [before = v, now = 0] = [ids.get(text[i - 1] ?? ""), ids.get(text[i] ?? "")];
      pairs[before * v + now] = (pairs[before * v + now] ?? 0) + 1;
    }
  }
  const rows = Array.from({ length: v + 1 }, (_, before) => pairs.subarray(before * v, (before + 1) * v));
  const sums = rows.map((row) => row.reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  const single = Float64Array.from({ length: v }, (_, now) => rows.reduce((sum, row) => sum + (row[now] ?? 0), 0));
  return {
    uniform: Math.log(v),
    unigram: entropyOf(single, total),
    bigram: rows.reduce((sum, row, i) => sum + ((sums[i] ?? 0) / total) * entropyOf(row, sums[i] ?? 0), 0),
  };
}

function ofLabels(examples: Examples, labels: string): Baselines {
  const counts = new Float64Array(labels.length);
  const all = drawn(examples, 10);
  for (const { answer } of all) {
    const label = labels.indexOf(answer[0] ?? "");
    counts[label] = (counts[label] ?? 0) + 1;
  }
  return { uniform: Math.log(labels.length), unigram: entropyOf(counts, all.length), bigram: undefined };
}

/** Examples to count in, of so many characters each. */
function drawn({ draw }: Examples, length: number): readonly Example[] {
  const random = randomOf(0xba5e, 0);
  return Array.from({ length: Math.ceil(sample / length) }, () => draw(random));
}

function entropyOf(counts: Float64Array, total: number): number {
  return counts.reduce((sum, count) => (count > 0 ? sum - (count / total) * Math.log(count / total) : sum), 0);
}
