import { between, callback, checkOptions, either, fieldsOf, having, integer, listOf } from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";

/** What one step added to a text. */
export interface SequencePiece {
  /** Index of the text among those given. */
  readonly row: number;
  /** The token; undefined for text that was held back until the row ended. */
  readonly token: number | undefined;
  /** Whole characters; empty while a character is incomplete. */
  readonly text: string;
}

/**
 * How an encoder-decoder generates. What is left out is as the model's `generation_config.json` says.
 */
export interface SequenceOptions {
  /** Maximum number of tokens to generate, the end token included; default 256. */
  readonly maxTokens?: number | undefined;
  /** 0 always takes the likeliest token (greedy). */
  readonly temperature?: number | undefined;
  /** Keep the k likeliest tokens, with all that tie with the k-th; 0 keeps all. */
  readonly topK?: number | undefined;
  /** Keep the fewest likeliest tokens whose probabilities sum to at least p (Holtzman et al. 2019); 1 keeps all. */
  readonly topP?: number | undefined;
  /** Divides positive and multiplies negative logits of tokens generated so far (Keskar et al. 2019); 1 does nothing. */
  readonly repetitionPenalty?: number | undefined;
  /** No sequence of this many tokens comes twice; 0 does nothing. Steps then wait for one another. */
  readonly noRepeatNgram?: number | undefined;
  /** Seed of the random numbers: one for all texts or one for each. Default: a new one each time. */
  readonly seed?: number | readonly number[] | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with each token as it is there. */
  readonly onToken?: ((piece: SequencePiece) => void) | undefined;
}

/** Options with all defaults filled in. */
export interface ResolvedSequence {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly repetitionPenalty: number;
  readonly noRepeatNgram: number;
  readonly seeds: readonly number[];
  readonly signal: AbortSignal | undefined;
  readonly onToken: (piece: SequencePiece) => void;
}

const seed = integer(0, 2 ** 32 - 1);
const fields = fieldsOf<SequenceOptions>({
  maxTokens: integer(1, 2 ** 24),
  temperature: between(0, 1000),
  topK: integer(0, 2 ** 24 - 1),
  topP: between(0, 1),
  repetitionPenalty: between(1e-3, 1000),
  noRepeatNgram: integer(0, 2 ** 16),
  seed: either(seed, listOf(seed)),
  signal: having("aborted", "an AbortSignal"),
  onToken: callback,
});

/** Checked options for `texts` texts, with the model's defaults filled in. Throws `OptionError`, with option and value. */
export function resolveSequence(options: SequenceOptions, defaults: SequenceOptions, texts: number): ResolvedSequence {
  checkOptions("generate", fields, options);
  const {
    maxTokens = 256,
    temperature = 0,
    topK = 0,
    topP = 1,
    repetitionPenalty = 1,
    noRepeatNgram = 0,
  } = { ...defaults, ...given(options) };
  const { signal, onToken = () => undefined } = options;
  const seeds = seedsOf(options.seed, texts);
  return { maxTokens, temperature, topK, topP, repetitionPenalty, noRepeatNgram, seeds, signal, onToken };
}

/** The options that were given: undefined is not. */
const given = (options: SequenceOptions): SequenceOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function seedsOf(seed: number | readonly number[] | undefined, texts: number): readonly number[] {
  const one = seed ?? Math.floor(Math.random() * 2 ** 32);
  const seeds = typeof one === "number" ? new Array<number>(texts).fill(one) : [...one];
  if (seeds.length !== texts) throw new OptionError(`generate: seed has ${seeds.length} entries for ${texts} texts`);
  return seeds;
}
