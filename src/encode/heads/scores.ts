import type { Scoring } from "../../models/encoders/heads/labels.ts";

/** A label and how well it fits. */
export interface LabelScore {
  readonly label: string;
  readonly score: number;
}

/** `exp(x − max) / Σ exp(x − max)`. */
export function softmax(logits: ArrayLike<number>): Float64Array {
  const values = Float64Array.from(logits);
  const most = values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const powers = values.map((value) => Math.exp(value - most));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** `1 / (1 + exp(−x))` of each logit. */
const sigmoid = (logits: ArrayLike<number>): Float64Array =>
  Float64Array.from(logits, (value) => 1 / (1 + Math.exp(-value)));

const ways: Readonly<Record<Scoring, (logits: ArrayLike<number>) => Float64Array>> = {
  softmax,
  sigmoid,
  none: (logits) => Float64Array.from(logits),
};

/** The scores of labels. */
export const scoresOf = (logits: ArrayLike<number>, scoring: Scoring): Float64Array => ways[scoring](logits);

/** Indices of the `count` largest values, largest first; among equals the lower index first. */
export function largest(values: ArrayLike<number>, count: number): number[] {
  const found: number[] = [];
  for (let i = 0; i < values.length; i++) {
    const value = values[i] ?? Number.NaN;
    if (found.length === count && value <= (values[found.at(-1) ?? 0] ?? 0)) continue;
    let at = found.length;
    while (at > 0 && (values[found[at - 1] ?? 0] ?? 0) < value) at--;
    found.splice(at, 0, i);
    if (found.length > count) found.pop();
  }
  return found;
}

/** Labels with their scores, best first; equals in their own order. */
export function ordered(scores: ArrayLike<number>, names: readonly string[]): LabelScore[] {
  const all = names.map((label, i) => ({ label, score: scores[i] ?? 0 }));
  return all.sort((a, b) => b.score - a.score);
}
