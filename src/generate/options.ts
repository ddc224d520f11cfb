/**
 * How text is generated. Every field has a default, taken from the model's `generation_config.json` where it sets one.
 */
export interface GenerationOptions {
  /** Maximum number of tokens to generate; default 256. */
  readonly maxTokens?: number | undefined;
  /** 0 always takes the likeliest token (greedy). */
  readonly temperature?: number | undefined;
  /** Keep the k likeliest tokens, with all that tie with the k-th; 0 keeps all. */
  readonly topK?: number | undefined;
  /** Keep the fewest likeliest tokens whose probabilities sum to at least p (Holtzman et al. 2019); 1 keeps all. */
  readonly topP?: number | undefined;
  /** Keep tokens at least this fraction as likely as the likeliest (Nguyen et al. 2024); 0 keeps all. */
  readonly minP?: number | undefined;
  /** Divides positive and multiplies negative logits of tokens seen so far (Keskar et al. 2019); 1 does nothing. */
  readonly repetitionPenalty?: number | undefined;
  /** Subtracted from the logits of tokens generated so far. */
  readonly presencePenalty?: number | undefined;
  /** Subtracted once for each time a token was generated. */
  readonly frequencyPenalty?: number | undefined;
  /** Seed of the random numbers: one for all rows or one for each. Default: a new one each time. */
  readonly seed?: number | readonly number[] | undefined;
  /** Texts that end a row; they are left out of its text. */
  readonly stop?: string | readonly string[] | undefined;
  /** Report the log-probabilities of this many likeliest tokens at each position; at most 64. */
  readonly logprobs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Options with all defaults filled in. */
export interface ResolvedOptions {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly seeds: readonly number[];
  readonly stops: readonly string[];
  readonly logprobs: number;
  readonly signal: AbortSignal | undefined;
}

/** A model's default options, and its end-of-text tokens. */
export interface GenerationDefaults {
  readonly options: GenerationOptions;
  readonly eos: readonly number[];
}

/** Checked options, with the model's defaults filled in. Throws a `RangeError` that names option, value and range. */
export function resolveOptions(options: GenerationOptions, defaults: GenerationOptions, rows: number): ResolvedOptions {
  const take = (
    name: keyof GenerationOptions & keyof ResolvedOptions,
    fallback: number,
    low: number,
    high: number,
    whole = false,
  ) => {
    const value = options[name] ?? defaults[name] ?? fallback;
    if (typeof value !== "number" || !(value >= low && value <= high) || (whole && !Number.isInteger(value))) {
      throw new RangeError(
        `${name} is ${String(value)}, expected ${whole ? "an integer" : "a number"} from ${low} to ${high}`,
      );
    }
    return value;
  };
  const stops = typeof options.stop === "string" ? [options.stop] : (options.stop ?? []);
  if (stops.some((stop) => typeof stop !== "string" || stop === "")) throw new RangeError("stop has an empty text");
  return {
    maxTokens: take("maxTokens", 256, 0, 2 ** 31, true),
    temperature: take("temperature", 0, 0, 1000),
    topK: take("topK", 0, 0, 2 ** 24, true),
    topP: take("topP", 1, 0, 1),
    minP: take("minP", 0, 0, 1),
    repetitionPenalty: take("repetitionPenalty", 1, 1e-3, 1000),
    presencePenalty: take("presencePenalty", 0, -1000, 1000),
    frequencyPenalty: take("frequencyPenalty", 0, -1000, 1000),
    logprobs: take("logprobs", 0, 0, 64, true),
    seeds: resolveSeeds(options.seed, rows),
    stops,
    signal: options.signal,
  };
}

function resolveSeeds(seed: number | readonly number[] | undefined, rows: number): number[] {
  const given = seed ?? Math.floor(Math.random() * 2 ** 32);
  const seeds = typeof given === "number" ? new Array<number>(rows).fill(given) : [...given];
  if (seeds.length !== rows) throw new RangeError(`seed has ${seeds.length} entries for ${rows} prompts`);
  for (const value of seeds) {
    if (!Number.isInteger(value) || value < 0 || value >= 2 ** 32) {
      throw new RangeError(`seed is ${value}, expected an integer from 0 to ${2 ** 32 - 1}`);
    }
  }
  return seeds;
}

/** True when the options need counts of the tokens seen so far. */
export function penalises(options: ResolvedOptions): boolean {
  return options.repetitionPenalty !== 1 || options.presencePenalty !== 0 || options.frequencyPenalty !== 0;
}
