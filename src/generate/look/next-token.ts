import { notFiniteError } from "../../models/decoders/decoder.ts";
import { checkOptions, checkValue, fieldsOf, integer, listOf } from "../../options/checks.ts";
import { OptionError } from "../../options/errors.ts";
import {
  type GenerationOptions,
  type ResolvedOptions,
  resolveOptions,
  type SamplingName,
  samplingChecks,
} from "../options.ts";
import type { SequenceState } from "../session/sequence-state.ts";
import { inspect } from "./inspection.ts";

/** How a following token is drawn; unset options have the model's defaults. */
export interface NextTokenOptions extends Pick<GenerationOptions, SamplingName | "signal"> {
  /** How many of the last tokens were generated, for the penalties that count these; default 0. */
  readonly generated?: number | undefined;
}

/** How likely some tokens come next, in the given order. */
export interface NextTokenProbabilities {
  /** By the model's own distribution. */
  readonly own: Float64Array<ArrayBuffer>;
  /** As a generation draws: with bias and penalties, at the temperature, of the tokens that the filters keep. */
  readonly drawn: Float64Array<ArrayBuffer>;
  /** Number of tokens that the filters keep. */
  readonly kept: number;
}

/** Checked options. Throws `OptionError` for invalid ones, and for ids in `of` outside the vocabulary or more than it has. */
export function checkNextToken(
  tokens: readonly number[],
  of: readonly number[],
  options: NextTokenOptions,
  defaults: GenerationOptions,
  vocabulary: number,
): ResolvedOptions {
  const where = "nextTokenProbabilities";
  checkValue(where, "of", listOf(integer(0, vocabulary - 1)), of);
  if (of.length > vocabulary) {
    throw new OptionError(`${where}: of has ${of.length} ids, expected at most ${vocabulary} (the vocabulary)`);
  }
  const counted = { ...samplingChecks, generated: integer(0, tokens.length) };
  checkOptions(where, fieldsOf<NextTokenOptions>(counted), options);
  if (tokens.length < 1) throw new OptionError(`${where}: there are no tokens`);
  const { generated: _, ...sampling } = options;
  return resolveOptions(sampling, defaults, 1, vocabulary);
}

/**
 * How likely each of `of` is to follow `tokens`, from the logits of a prefill. Overwrites row 0 of the state. Throws
 * `GpuError` if they are not finite.
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
  const drawn = drawnProbabilities(logits, { tokens, generated }, options);
  const those = (all: Float64Array) => Float64Array.from(of, (id) => all[id] ?? 0);
  const own = those(softmax(logits, 1, Number.NEGATIVE_INFINITY));
  return { own, drawn: those(drawn), kept: drawn.filter((probability) => probability > 0).length };
}

/**
 * The probabilities of all tokens as `sample` draws them; `tokens` are those before, the last `generated` of them
 * drawn.
 */
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
  const likeliest = changed.indexOf(maxOf(changed));
  return changed.fill(0).fill(1, likeliest, likeliest + 1);
}

const maxOf = (values: Float64Array): number => values.reduce((a, b) => Math.max(a, b), Number.NEGATIVE_INFINITY);

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
  return Math.max(least, maxOf(logits) + temperature * Math.log(minP));
}

/** exp(logit / temperature) over its sum for logits of at least `least`; 0 for the others. */
export function softmax(logits: Float64Array, temperature: number, least: number): Float64Array {
  const largest = maxOf(logits);
  const relative = logits.map((logit) => (logit < least ? 0 : Math.exp((logit - largest) / temperature)));
  const sum = relative.reduce((a, b) => a + b, 0);
  return relative.map((value) => value / sum);
}
