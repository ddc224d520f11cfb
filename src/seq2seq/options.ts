import { checkOnlyWithBeams } from "../generate/beams/only-with-beams.ts";
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

/** What one step added to a text. */
export interface SequencePiece {
  /** Index of the text among those given. */
  readonly row: number;
  /** The token; undefined for text that was held back until the row ended. */
  readonly token: number | undefined;
  /** Whole characters; empty while a character is incomplete. */
  readonly text: string;
  /** With `attention`: what the token attends to in its source. */
  readonly attention?: SequenceAttention;
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
  /** Texts that end a text when they occur; they are left out. Not with `beams`. */
  readonly stop?: string | readonly string[] | undefined;
  /**
   * Texts that are searched at once for the likeliest one of each text given (beam search), in place of drawing; 1: none are.
   * The rules are those of transformers 5.0.
   */
  readonly beams?: number | undefined;
  /** With `beams`: scores are divided by the number of tokens to this power; above 0 longer texts gain. Default 1. */
  readonly lengthPenalty?: number | undefined;
  /**
   * When a search with `beams` stops: true as soon as so many texts have ended, false (default) where the best open one is
   * no better than the worst of them, `never` only once it cannot become better.
   */
  readonly earlyStopping?: boolean | "never" | undefined;
  /** Seed of the random numbers: one for all texts or one for each. Default: a new one each time. */
  readonly seed?: number | readonly number[] | undefined;
  /**
   * Which weights of attention to the source come with each token, tapped from the step that gives it; `{}` is the mean of
   * all layers and heads. Unset: none, and steps tap nothing.
   */
  readonly attention?: CrossChoice | undefined;
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
  readonly stops: readonly string[];
  readonly beams: number;
  readonly lengthPenalty: number;
  readonly earlyStopping: boolean | "never";
  readonly seeds: readonly number[];
  readonly attention: CrossChoice | undefined;
  readonly signal: AbortSignal | undefined;
  readonly onToken: (piece: SequencePiece) => void;
}

/** Tokens that are generated where neither caller nor model says how many. */
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
  // Which layers and heads there are, the model knows.
  attention: object<CrossChoice>({ layer: integer(), head: integer(), perHead: boolean }),
  signal: having("aborted", "an AbortSignal"),
  onToken: callback,
});

/** Checked options for `texts` texts, with the model's defaults filled in. Throws `OptionError`, with option and value. */
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
 * How many beams there are. Those of the model's defaults give way to a temperature, and to texts that end a text, that a
 * caller gives. Throws `OptionError` for what a search does not have.
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

/** The options that were given: undefined is not. */
const given = (options: SequenceOptions): SequenceOptions =>
  Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));

function seedsOf(seed: number | readonly number[] | undefined, texts: number): readonly number[] {
  const one = seed ?? Math.floor(Math.random() * 2 ** 32);
  const seeds = typeof one === "number" ? new Array<number>(texts).fill(one) : [...one];
  if (seeds.length !== texts) throw new OptionError(`generate: seed has ${seeds.length} entries for ${texts} texts`);
  return seeds;
}
