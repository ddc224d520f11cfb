import { notFiniteError } from "../models/decoder.ts";
import { checkOptions, checkValue, fieldsOf, integer, listOf } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import { drawnProbabilities, softmax } from "./drawn-probabilities.ts";
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

/** Checked options. Throws `OptionError` for them, and for ids in `of` that are outside of the vocabulary. */
export function checkNextToken(
  tokens: readonly number[],
  of: readonly number[],
  options: NextTokenOptions,
  defaults: GenerationOptions,
  vocabulary: number,
): ResolvedOptions {
  const where = "nextTokenProbabilities";
  checkValue(where, "of", listOf(integer(0, vocabulary - 1)), of);
  const counted = { ...samplingChecks, generated: integer(0, tokens.length) };
  checkOptions(where, fieldsOf<NextTokenOptions>(counted), options);
  if (tokens.length < 1) throw new OptionError(`${where}: there are no tokens`);
  const { generated: _, ...sampling } = options;
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
  const drawn = drawnProbabilities(logits, { tokens, generated }, options);
  const those = (all: Float64Array) => Float64Array.from(of, (id) => all[id] ?? 0);
  const own = those(softmax(logits, 1, Number.NEGATIVE_INFINITY));
  return { own, drawn: those(drawn), kept: drawn.filter((probability) => probability > 0).length };
}
