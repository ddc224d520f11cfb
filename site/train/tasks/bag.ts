import { randomOf } from "./random.ts";
import type { Example, Examples } from "./task.ts";

/** Examples that are counted in, and steps over all of them with their rate. */
const [sample, rounds, rate] = [3000, 200, 2];

/**
 * The share of what is held out that a bag of words answers rightly: logistic regression on how often each token occurs in
 * a prompt, whatever the order, trained by gradient descent in float64. There are two answers.
 */
export function bagAccuracy({ alphabet, draw, heldOut }: Examples): number {
  const random = randomOf(0xba6, 0);
  const drawn = Array.from({ length: sample }, () => draw(random));
  const classes = [...new Set(drawn.map(({ answer }) => answer))].sort();
  const ids = new Map([...alphabet].map((character, id) => [character, id]));
  const idsOf = ({ prompt }: Example) => Array.from(prompt, (character) => ids.get(character) ?? 0);
  const rows = drawn.map((example) => ({ ids: idsOf(example), is: Number(example.answer === classes[1]) }));
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
