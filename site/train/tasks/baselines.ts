import { bagAccuracy } from "./bag.ts";
import { randomOf } from "./random.ts";
import type { Examples } from "./task.ts";

/** Losses in nats that need no model, of what the loss counts. */
export interface Baselines {
  /** ln V: each character as likely as any other. */
  readonly uniform: number;
  /** How often each character comes. */
  readonly unigram: number | undefined;
  /** How often each comes after the one before it. Of many tokens neither is known: counts of a short text say too little. */
  readonly bigram: number | undefined;
  /** The share of right answers of one that counts words, whatever their order; of tasks where that says something. */
  readonly bag?: number | undefined;
}

/** Tokens of which frequencies are counted at most. */
const mostCounted = 256;

/** Characters that are counted, about. */
const sample = 100_000;

/** What a model reaches that knows only frequencies, found by counting in examples to train on. */
export function baselinesOf(examples: Examples): Baselines {
  const { alphabet, promptLength, answerLength, wholeLoss, draw, bag } = examples;
  const v = alphabet.length;
  if (v > mostCounted) return { uniform: Math.log(v), unigram: undefined, bigram: undefined };
  const ids = new Map([...alphabet].map((character, id) => [character, id]));
  const pairs = new Float64Array(v * v);
  const random = randomOf(0xba5e, 0);
  const rounds = Math.ceil(sample / (wholeLoss ? promptLength + answerLength - 1 : answerLength));
  for (let round = 0; round < rounds; round++) {
    const { prompt, answer } = draw(random);
    const text = prompt + answer;
    for (let i = wholeLoss ? 1 : prompt.length; i < text.length; i++) {
      const [before = 0, now = 0] = [ids.get(text[i - 1] ?? ""), ids.get(text[i] ?? "")];
      pairs[before * v + now] = (pairs[before * v + now] ?? 0) + 1;
    }
  }
  const rows = Array.from({ length: v }, (_, before) => pairs.subarray(before * v, (before + 1) * v));
  const sums = rows.map((row) => row.reduce((a, b) => a + b, 0));
  const total = sums.reduce((a, b) => a + b, 0);
  const single = Float64Array.from({ length: v }, (_, now) => rows.reduce((sum, row) => sum + (row[now] ?? 0), 0));
  return {
    uniform: Math.log(v),
    unigram: entropyOf(single, total),
    bigram: rows.reduce((sum, row, i) => sum + ((sums[i] ?? 0) / total) * entropyOf(row, sums[i] ?? 0), 0),
    ...(bag ? { bag: bagAccuracy(examples) } : {}),
  };
}

function entropyOf(counts: Float64Array, total: number): number {
  return counts.reduce((sum, count) => (count > 0 ? sum - (count / total) * Math.log(count / total) : sum), 0);
}
