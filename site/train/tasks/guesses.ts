import { randomOf } from "./random.ts";
import type { Example, Examples } from "./task.ts";

/** Number of examples, and of steps over all of them, with their rate. */
const [sample, rounds, rate] = [3000, 200, 2];

/** Examples to count in: the same each time. */
function drawn({ draw }: Examples): readonly Example[] {
  const random = randomOf(0xba6, 0);
  return Array.from({ length: sample }, () => draw(random));
}

/**
 * The held-out accuracy of a bag of words: logistic regression on the token counts of a prompt, trained by gradient
 * descent in float64. There are two answers.
 */
function bagAccuracy(examples: Examples): number {
  const { alphabet, heldOut } = examples;
  const all = drawn(examples);
  const classes = [...new Set(all.map(({ answer }) => answer))].sort();
  const ids = new Map([...alphabet].map((character, id) => [character, id]));
  const idsOf = ({ prompt }: Example) => Array.from(prompt, (character) => ids.get(character) ?? 0);
  const rows = all.map((example) => ({ ids: idsOf(example), is: Number(example.answer === classes[1]) }));
  const weights = new Float64Array(alphabet.length);
  let bias = 0;
  const scoreOf = (row: readonly number[]) => row.reduce((sum, id) => sum + (weights[id] ?? 0), bias);
  for (let round = 0; round < rounds; round++) {
    const change = new Float64Array(alphabet.length);
    let all = 0;
    for (const row of rows) {
      const error = row.is - 1 / (1 + Math.exp(-scoreOf(row.ids)));
      all += error;
      for (const id of row.ids) change[id] = (change[id] ?? 0) + error;
    }
    for (const [id, sum] of change.entries()) weights[id] = (weights[id] ?? 0) + (rate * sum) / sample;
    bias += (rate * all) / sample;
  }
  const asked = heldOut(sample);
  const right = asked.filter((example) => classes[Number(scoreOf(idsOf(example)) > 0)] === example.answer);
  return right.length / asked.length;
}

/** Each character of an answer with its neighbours on both sides, empty beyond the ends. */
const between = ({ answer }: Example): readonly (readonly [neighbours: string, character: string])[] =>
  Array.from(answer, (character, i) => [`${answer[i - 1] ?? ""} ${answer[i + 1] ?? ""}`, character]);

/** The share of held-out characters that are the most frequent between their neighbours in the training examples. */
function neighbourAccuracy(examples: Examples): number {
  const counts = new Map<string, Map<string, number>>();
  for (const [neighbours, character] of drawn(examples).flatMap(between)) {
    const found = counts.get(neighbours) ?? new Map<string, number>();
    counts.set(neighbours, found.set(character, (found.get(character) ?? 0) + 1));
  }
  const guesses = new Map(
    [...counts].map(([neighbours, found]) => [neighbours, [...found].reduce((a, b) => (b[1] > a[1] ? b : a))[0]]),
  );
  const asked = examples.heldOut(sample).flatMap(between);
  return asked.filter(([neighbours, character]) => guesses.get(neighbours) === character).length / asked.length;
}

/** The accuracy without a model of the order. */
export interface Guess {
  /** The kind of baseline. */
  readonly name: "words" | "neighbours";
  /** The held-out accuracy. */
  readonly share: number;
}

/** The baseline of a task, or undefined. */
export function guessOf(examples: Examples): Guess | undefined {
  const { guess: name } = examples;
  if (name === undefined) return undefined;
  return { name, share: name === "words" ? bagAccuracy(examples) : neighbourAccuracy(examples) };
}
