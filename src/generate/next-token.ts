import { notFiniteError } from "../models/decoder.ts";
import { checkOptions, checkValue, fieldsOf, listOf, size } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import { inspect } from "./inspection.ts";
import {
  type GenerationOptions,
  type ResolvedOptions,
  resolveOptions,
  type SamplingName,
  samplingChecks,
} from "./options.ts";
import type { SequenceState } from "./sequence-state.ts";

/** How a token is drawn that follows others; what is left out is the model's default. */
export interface NextTokenOptions extends Pick<GenerationOptions, SamplingName | "signal"> {
  /** How many of the last tokens were generated, for the penalties that count these; default 0. */
  readonly generated?: number | undefined;
}

/** How likely some tokens come next, in the order in which they were asked for. */
export interface NextTokenProbabilities {
  /** By the model's own distribution. */
  readonly own: Float64Array<ArrayBuffer>;
  /** As a generation draws: with bias and penalties, at the temperature, of the tokens that the filters keep. */
  readonly drawn: Float64Array<ArrayBuffer>;
  /** Number of tokens that the filters keep. */
  readonly kept: number;
}

const fields = fieldsOf<NextTokenOptions>({ ...samplingChecks, generated: size });

/** Checked options, and the ids in `of`. Throws `OptionError` for those outside of the vocabulary. */
export function checkNextToken(
  { length }: readonly number[],
  of: readonly number[],
  options: NextTokenOptions,
  defaults: GenerationOptions,
  vocabulary: number,
): ResolvedOptions {
  const where = "nextTokenProbabilities";
  checkValue(where, "of", listOf(size), of);
  checkOptions(where, fields, options);
  const wrong = of.find((id) => id >= vocabulary);
  if (wrong !== undefined) {
    throw new OptionError(`${where}: of has token id ${wrong}, expected 0 to ${vocabulary - 1}`);
  }
  const { generated = 0, ...sampling } = options;
  if (length === 0) throw new OptionError(`${where}: there are no tokens`);
  if (generated > length)
    throw new OptionError(`${where}: generated is ${generated}, expected 0 to ${length}, the number of tokens`);
  return resolveOptions(sampling, defaults, 1, vocabulary);
}

/**
 * How likely each of `of` follows `tokens`, from the logits of a prefill. Overwrites row 0 of the state. Throws `GpuError`
 * where they are not finite.
 */
export async function nextTokenProbabilities(
  state: SequenceState,
  tokens: readonly number[],
  of: readonly number[],
  generated: number,
  options: ResolvedOptions,
): Promise<NextTokenProbabilities> {
  const { logits: rows } = await inspect(state, tokens, "last", { signal: options.signal });
  const logits = rows[0] ?? new Float64Array();
  if (!logits.every(Number.isFinite)) {
    throw await notFiniteError(state.programs.decoder, `the logits after ${tokens.length} tokens`);
  }
  const own = softmax(logits, 1, Number.NEGATIVE_INFINITY);
  const drawn = drawnProbabilities(logits, { tokens, generated }, options);
  return {
    own: Float64Array.from(of, (id) => own[id] ?? 0),
    drawn: Float64Array.from(of, (id) => drawn[id] ?? 0),
    kept: drawn.reduce((count, probability) => count + Number(probability > 0), 0),
  };
}

/** The probabilities of all tokens as `sample` draws them; `tokens` are those before, the last `generated` of them drawn. */
export function drawnProbabilities(
  logits: Float64Array,
  { tokens, generated }: { readonly tokens: readonly number[]; readonly generated: number },
  options: Pick<ResolvedOptions, Exclude<SamplingName, "logitBias"> | "bias">,
): Float64Array {
  const { temperature, bias, repetitionPenalty, presencePenalty, frequencyPenalty } = options;
  const changed = Float64Array.from(logits, (logit, id) => logit + (bias.get(id) ?? 0));
  const times = new Map<number, number>();
  for (const token of tokens.slice(tokens.length - generated)) times.set(token, (times.get(token) ?? 0) + 1);
  for (const token of new Set(tokens)) {
    const logit = changed[token] ?? 0;
    const count = times.get(token) ?? 0;
    const repeated = logit > 0 ? logit / repetitionPenalty : logit * repetitionPenalty;
    changed[token] = repeated - (count > 0 ? presencePenalty + frequencyPenalty * count : 0);
  }
  if (temperature > 0) return softmax(changed, temperature, threshold(changed, options));
  const likeliest = changed.indexOf(changed.reduce((largest, logit) => Math.max(largest, logit)));
  return changed.fill(0).fill(1, likeliest, likeliest + 1);
}

/** The least logit that top-k, top-p and min-p keep, in this order; ties are kept. */
function threshold(
  logits: Float64Array,
  { temperature, topK, topP, minP }: Pick<ResolvedOptions, "temperature" | "topK" | "topP" | "minP">,
): number {
  const descending = logits.slice().sort().reverse();
  const largest = descending[0] ?? 0;
  const relative = (logit: number) => Math.exp((logit - largest) / temperature);
  let least = topK > 0 && topK < descending.length ? (descending[topK - 1] ?? largest) : Number.NEGATIVE_INFINITY;
  if (topP < 1) {
    const end = descending.findIndex((logit) => logit < least);
    const kept = end < 0 ? descending : descending.subarray(0, end);
    const wanted = topP * kept.reduce((sum, logit) => sum + relative(logit), 0);
    let mass = 0;
    for (const logit of kept) {
      least = logit;
      mass += relative(logit);
      if (mass >= wanted) break;
    }
  }
  return Math.max(least, minP > 0 ? largest + temperature * Math.log(minP) : least);
}

/** exp(logit / temperature) over the sum of those of at least `least`, which have all the probability. */
function softmax(logits: Float64Array, temperature: number, least: number): Float64Array {
  const largest = logits.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);
  const relative = logits.map((logit) => (logit < least ? 0 : Math.exp((logit - largest) / temperature)));
  const sum = relative.reduce((a, b) => a + b, 0);
  return relative.map((value) => value / sum);
}
