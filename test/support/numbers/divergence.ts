import { softmax } from "../../../src/generate/look/next-token.ts";

/** Logits of positions. */
export type Rows = readonly Float64Array[];

const probabilities = (logits: Float64Array) => softmax(logits, 1, Number.NEGATIVE_INFINITY);

/** The Kullback-Leibler divergence Σ p·ln(p/q), in nats, the mean over all positions. */
export function divergence(of: Rows, from: Rows): number {
  if (of.length !== from.length) throw new RangeError(`${of.length} and ${from.length} positions`);
  let sum = 0;
  for (const [i, logits] of of.entries()) {
    const q = probabilities(from[i] ?? new Float64Array());
    for (const [id, p] of probabilities(logits).entries()) sum += p * Math.log(p / (q[id] ?? Number.NaN));
  }
  return sum / of.length;
}

const likeliest = (logits: Float64Array) => logits.indexOf(Math.max(...logits));

/** The share of positions at which the same token is the likeliest. */
export const agreement = (a: Rows, b: Rows): number =>
  a.filter((logits, i) => likeliest(logits) === likeliest(b[i] ?? new Float64Array())).length / a.length;
