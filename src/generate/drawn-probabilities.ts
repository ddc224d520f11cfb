import type { ResolvedOptions, SamplingName } from "./options.ts";

/** The probabilities of all tokens as `sample` draws them; `tokens` are those before, the last `generated` of them drawn. */
export function drawnProbabilities(
  logits: Float64Array,
  { tokens, generated }: { readonly tokens: readonly number[]; readonly generated: number },
  options: Pick<ResolvedOptions, Exclude<SamplingName, "logitBias"> | "bias">,
): Float64Array {
  const { temperature, bias, repetitionPenalty, presencePenalty, frequencyPenalty } = options;
  const changed = logits.map((logit, id) => logit + (bias.get(id) ?? 0));
  const times = new Map<number, number>();
  for (const [i, token] of tokens.entries()) {
    times.set(token, (times.get(token) ?? 0) + Number(i >= tokens.length - generated));
  }
  for (const [token, count] of times) {
    const logit = changed[token] ?? 0;
    const repeated = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
    changed[token] = repeated - (count > 0 ? presencePenalty + frequencyPenalty * count : 0);
  }
  if (temperature > 0) return softmax(changed, temperature, threshold(changed, options));
  const likeliest = changed.indexOf(largestOf(changed));
  return changed.fill(0).fill(1, likeliest, likeliest + 1);
}

const largestOf = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

/** The least logit that top-k, top-p and min-p keep, in this order; ties are kept. */
function threshold(
  logits: Float64Array,
  { temperature, topK, topP, minP }: Pick<ResolvedOptions, "temperature" | "topK" | "topP" | "minP">,
): number {
  const descending = logits.slice().sort().reverse();
  let least = descending[topK - 1] ?? Number.NEGATIVE_INFINITY;
  if (topP < 1) {
    let mass = 0;
    const reaches = (share: number) => {
      mass += share;
      return mass >= topP;
    };
    least = descending[softmax(descending, temperature, least).findIndex(reaches)] ?? least;
  }
  return Math.max(least, largestOf(logits) + temperature * Math.log(minP));
}

/** exp(logit / temperature) over the sum of those of at least `least`, which have all the probability. */
export function softmax(logits: Float64Array, temperature: number, least: number): Float64Array {
  const largest = largestOf(logits);
  const relative = logits.map((logit) => (logit < least ? 0 : Math.exp((logit - largest) / temperature)));
  const sum = relative.reduce((a, b) => a + b, 0);
  return relative.map((value) => value / sum);
}
