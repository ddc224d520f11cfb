import type { PackSize, TextInput } from "./packing.ts";

/** Weights of a text's `length` tokens, without the first `prompt`. */
type TokenWeights = (length: number, prompt: number) => readonly number[];

/** `prompt` zeros, then a weight for each other token. */
const counted = (length: number, prompt: number, weight: (token: number) => number) =>
  Array.from({ length }, (_, token) => (token < prompt ? 0 : weight(token)));

/** Weights normalised to sum 1. */
const shares = (weights: readonly number[]) => {
  const whole = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / whole);
};

/**
 * How the states of a text's tokens are pooled: all but `max` are sums with these weights. In the order in which
 * sentence-transformers concatenates several (models/Pooling.py, forward): weights of `weightedmean` are positions,
 * counted from the prompt's first token (Muennighoff 2022, section 3.1).
 */
const modes = {
  cls: (length) => Array.from({ length }, (_, token) => (token === 0 ? 1 : 0)),
  max: (length, prompt) => counted(length, prompt, () => 1),
  mean: (length, prompt) => counted(length, prompt, () => 1 / (length - prompt)),
  mean_sqrt_len: (length, prompt) => counted(length, prompt, () => 1 / Math.sqrt(length - prompt)),
  weightedmean: (length, prompt) => shares(counted(length, prompt, (token) => token + 1)),
  lasttoken: (length) => Array.from({ length }, (_, token) => (token === length - 1 ? 1 : 0)),
} as const satisfies Readonly<Record<string, TokenWeights>>;

/** A way to pool the states of a text's tokens. */
export type PoolingMode = keyof typeof modes;

/** All of them, in the order of concatenation. */
export const poolingModes = Object.keys(modes) as readonly PoolingMode[];

/** The weights of the tokens of a pack's texts; padding has none. */
export function tokenWeights(
  mode: PoolingMode,
  texts: readonly TextInput[],
  size: PackSize,
  includePrompt: boolean,
): Float32Array<ArrayBuffer> {
  const weights = new Float32Array(size.tokens);
  let at = 0;
  for (const { ids, prompt = 0 } of texts) {
    weights.set(modes[mode](ids.length, includePrompt ? 0 : prompt), at);
    at += ids.length;
  }
  return weights;
}
