// Greedy texts by definition: a forward pass in float64 finds the likeliest token.
import { type Dense, dense } from "../../src/reference/dense.ts";
import { type LlamaConfig, llama } from "../../src/reference/models/transformer.ts";

/** A token, and the margin of its logit over another's. */
export interface Likeliest {
  readonly token: number;
  /** Margin over a token's logit; by default over the second largest. */
  margin(other?: number): number;
}

/** The likeliest token after each of the ids from `from` on, given those before it. */
export function likeliestAfter(
  ids: readonly number[],
  from: number,
  weights: Readonly<Record<string, Dense>>,
  config: LlamaConfig,
): Likeliest[] {
  const { logits } = llama({ ids: dense([ids.length], ids), weights }, config);
  const [, vocabulary = 0] = logits.shape;
  return ids.slice(from).map((_, i) => {
    const row = logits.values.subarray((from + i) * vocabulary, (from + i + 1) * vocabulary);
    const best = (except: number) =>
      row.reduce((most, value, at) => (at !== except && !(value <= (row[most] ?? Number.NaN)) ? at : most), -1);
    const token = best(-1);
    const margin = (other = best(token)) => (row[token] ?? Number.NaN) - (row[other] ?? Number.NaN);
    return { token, margin };
  });
}

/** A greedy text in float64. */
export interface GreedyText {
  readonly tokens: readonly number[];
  /** The smallest margin of a token's logit over the second largest. */
  readonly margin: number;
}

/** The likeliest tokens after a prompt, one after the other, each by a forward pass over all tokens so far. */
export function greedyText(
  prompt: readonly number[],
  count: number,
  weights: Readonly<Record<string, Dense>>,
  config: LlamaConfig,
): GreedyText {
  const ids = [...prompt];
  let least = Number.POSITIVE_INFINITY;
  while (ids.length < prompt.length + count) {
    const [next] = likeliestAfter(ids, ids.length - 1, weights, config);
    if (!next) throw new RangeError("the prompt has no tokens");
    ids.push(next.token);
    least = Math.min(least, next.margin());
  }
  return { tokens: ids.slice(prompt.length), margin: least };
}
