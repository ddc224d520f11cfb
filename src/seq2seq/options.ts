import { checkOnlyWithBeams } from "../generate/beams/options.ts";
import {
  between,
  boolean,
  callback,
  checkOptions,
  either,
  fieldsOf,
  having,
  integer,
  listOf,
  nonEmpty,
  object,
  oneOf,
  shown,
} from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import type { CrossChoice, SequenceAttention } from "./results.ts";

/** The addition of one step to a text. */
export interface SequencePiece {
  /** Index of the source text. */
  readonly row: number;
  /** The token; undefined for text held back until the row ended. */
  readonly token: number | undefined;
  /** Whole characters; empty while a character is incomplete. */
  readonly text: string;
  /** With `attention`: what the token attends to in its source. */
  readonly attention?: SequenceAttention;
}

/** How an encoder-decoder generates. Unset options are as in the model's `generation_config.json`. */
export interface SequenceOptions {
  /** Maximum number of tokens to generate, the end token included; default 256. */
  readonly maxTokens?: number | undefined;
  /** 0 always takes the likeliest token (greedy). */
  readonly temperature?: number | undefined;
  /** Keep the k likeliest tokens, and any that tie with the k-th; 0 keeps all. */
  readonly topK?: number | undefined;
  /** Keep the fewest likeliest tokens whose probabilities sum to at least p (Holtzman et al. 2019); 1 keeps all. */
  readonly topP?: number | undefined;
  /**
   * Divides positive and multiplies negative logits of tokens generated so far (Keskar et al. 2019); 1 does nothing.
   */
  readonly repetitionPenalty?: number | undefined;
  /** No sequence of this many tokens occurs twice; 0: no limit. Steps then wait for one another. */
  readonly noRepeatNgram?: number | undefined;
  /** Texts that end a text when they occur; they are left out. Not with `beams`. */
  readonly stop?: string | readonly string[] | undefined;
  /**
   * Candidates searched at once for the likeliest text of each source (beam search), instead of sampling; 1: no search.
   * The rules are those of transformers 5.0.
   */
  readonly beams?: number | undefined;
  /**
   * With `beams`: scores are divided by the number of tokens to this power; above 0 favours longer texts. Default 1.
   */
  readonly lengthPenalty?: number | undefined;
  /**
   * When a search with `beams` stops: with true as soon as this many texts have ended, with false (default) once the
   * best open one is no better than the worst of them, with `never` only once it cannot become better.
   */
  readonly earlyStopping?: boolean | "never" | undefined;
  /** Seed of the random numbers: one for all texts or one for each. Default: a new one each time. */
  readonly seed?: number | readonly number[] | undefined;
  /**
   * Which weights of attention to the source to report with each token, tapped from the step that computes it; `{}` is
   * the mean of all layers and heads. Unset: none, and steps tap nothing.
   */
  readonly attention?: CrossChoice | undefined;
  readonly signal?: AbortSignal | undefined;
  /** Called with each token as soon as it is available. */
  readonly onToken?: ((piece: SequencePiece) => void) | undefined;
}

/** Options with defaults filled in. */
export interface ResolvedSequence {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly repetitionPenalty: number;
  readonly noRepeatNgram: number;
  readonly stops: readonly string[];
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | "never";
  readonly seeds: readonly number[];
  readonly attention: CrossChoice | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onToken: (piece: SequencePiece) => void;
}

/** Tokens to generate if neither caller nor model sets a number. */
export const usualTokens = 256;

const seed = integer(0, 2 ** 32 - 1);
const fields = fieldsOf<SequenceOptions>({
  maxTokens: integer(1, 2 ** 24),
  temperature: between(0, 1000),
  topK: integer(0, 2 ** 24 - 1),
  topP: between(0, 1),
  repetitionPenalty: between(1e-3, 1000),
  noRepeatNgram: integer(0, 2 ** 16),
  stop: either(nonEmpty, listOf(nonEmpty)),
  beams: integer(1, 64),
  lengthPenalty: between(-100, 100),
  earlyStopping: oneOf(true, false, "never"),
  seed: either(seed, listOf(seed)),
  // The model checks layers and heads.
  attention: object<CrossChoice>({ layer: integer(), head: integer(), perHead: boolean }),
  signal: having("aborted", "an AbortSignal"),
  onToken: callback,
});

/**
 * Checked options for `texts` texts, with the model's defaults filled in. Throws `OptionError`, with option and value.
 */
export function resolveSequence(options: SequenceOptions, defaults: SequenceOptions, texts: number): ResolvedSequence {
  checkOptions("generate", fields, options);
  const own = given(options);
  const {
    maxTokens = usualTokens,
    temperature = 0,
    topK = 0,
    topP = 1,
    repetitionPenalty = 1,
    noRepeatNgram = 0,
    lengthPenalty = 1,
    earlyStopping = false,
    ...others
  } = { ...defaults, ...own };
  const stops = typeof options.stop === "string" ? [options.stop] : (options.stop ?? []);
  const beams = beamsOf(own, others.beams, { temperature, repetitionPenalty, stops });
  checkOnlyWithBeams(own, beams);
  const { attention, signal, onToken = () => undefined } = options;
  const seeds = seedsOf(options.seed, texts);
  const sampling = { maxTokens, temperature, topK, topP, repetitionPenalty, noRepeatNgram, stops };
  return { ...sampling, beams, lengthPenalty, earlyStopping, seeds, attention, signal, onToken };
}

/**
 * The number of beams. The model's default gives way to a caller's temperature and stop texts. Throws `OptionError` for
 * options that a search does not have.
 */
function beamsOf(
  own: SequenceOptions,
  beams = 1,
  { temperature, repetitionPenalty, stops }: Pick<ResolvedSequence, "temperature" | "repetitionPenalty" | "stops">,
): number {
  if (beams === 1) return 1;
  if (stops.length > 0) {
    if (own.beams === undefined) return 1;
    const why = "which a search does not have; leave one of them out";
    throw new OptionError(`generate: beams is ${beams} and stop is ${shown(own.stop)}: ${why}`);
  }
  if (temperature !== 0) {
    if (own.beams === undefined) return 1;
    throw new OptionError(
      `generate: beams is ${beams} and temperature is ${temperature}: a search draws no tokens; set it to 0`,
    );
  }
  if (repetitionPenalty !== 1) {
    throw new OptionError(
      `generate: beams is ${beams} and repetitionPenalty is ${repetitionPenalty}: a search has no penalties; set it to 1`,
    );
  }
  return beams;
}

/** The given options, without undefined ones. */
const given = (options: SequenceOptions): SequenceOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function seedsOf(seed: number | readonly number[] | undefined, texts: number): readonly number[] {
  const one = seed ?? Math.floor(Math.random() * 2 ** 32);
  const seeds = typeof one === "number" ? new Array<number>(texts).fill(one) : [...one];
  if (seeds.length !== texts) throw new OptionError(`generate: seed has ${seeds.length} entries for ${texts} texts`);
  return seeds;
}
