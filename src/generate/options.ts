import {
  anything,
  between,
  boolean,
  type Checks,
  checkOptions,
  either,
  fieldsOf,
  having,
  integer,
  listOf,
  nonEmpty,
  object,
  oneOf,
  recordOf,
  required,
  shown,
} from "../options/checks.ts";
import { OptionError } from "../options/errors.ts";
import type { ChatTemplateOptions } from "../text/template/chat-template.ts";
import type { SamplingKind } from "./session/programs.ts";
import type { TokenConstraint } from "./session/token-constraint.ts";
import { resolveSpeculative, type Speculation, type Speculative, speculativeCheck } from "./speculative/options.ts";

/** How text is generated. Every field has a default, taken from the model's `generation_config.json` if it sets one. */
export interface GenerationOptions {
  /**
   * Maximum number of tokens to generate.
   * @defaultValue 256
   */
  readonly maxTokens?: number | undefined;
  /**
   * Divides the logits; 0 always takes the likeliest token (greedy).
   * @defaultValue 0
   */
  readonly temperature?: number | undefined;
  /**
   * Keep the k likeliest tokens, and any that tie with the k-th; 0 keeps all.
   * @defaultValue 0
   */
  readonly topK?: number | undefined;
  /**
   * Keep the fewest likeliest tokens whose probabilities sum to p (Holtzman et al. 2019); 1 keeps all.
   * @defaultValue 1
   */
  readonly topP?: number | undefined;
  /**
   * Keep tokens at least this fraction as likely as the likeliest (Nguyen et al. 2024); 0 keeps all.
   * @defaultValue 0
   */
  readonly minP?: number | undefined;
  /**
   * Divides positive and multiplies negative logits of tokens seen so far (Keskar et al. 2019).
   * @defaultValue 1
   */
  readonly repetitionPenalty?: number | undefined;
  /**
   * Subtracted from the logits of tokens generated so far.
   * @defaultValue 0
   */
  readonly presencePenalty?: number | undefined;
  /**
   * Subtracted once for each time a token was generated.
   * @defaultValue 0
   */
  readonly frequencyPenalty?: number | undefined;
  /**
   * Added to the logits of these token ids before everything else.
   * @defaultValue none
   */
  readonly logitBias?: Readonly<Record<number, number>> | undefined;
  /**
   * Which tokens may come next, for a single prompt or for each. Steps then wait for one another, since the next one's
   * tokens depend on the last.
   * @defaultValue none
   */
  readonly constraint?: TokenConstraint | readonly TokenConstraint[] | undefined;
  /**
   * Checks the residual stream after layers, all or every n-th, in prefills and steps. NaN or infinity there ends the
   * generation with an error that names the first such layer, and the result's `guard` has the largest magnitudes.
   * Costs two dispatches a layer.
   * @defaultValue false
   */
  readonly guard?:
    | boolean
    | {
        /** Distance in layers from one check to the next. */
        readonly every: number;
      }
    | undefined;
  /**
   * Proposes tokens, of which the model computes several in one step. They come from what the text so far repeats, or
   * from a smaller model. Greedy tokens are those without proposals. Takes a single prompt.
   * @defaultValue none
   */
  readonly speculative?: Speculative | undefined;
  /**
   * Texts that are searched at once for the likeliest one (beam search), in place of sampling; 1: no search. The rules
   * are those of transformers 5.0.
   * @defaultValue 1
   */
  readonly beams?: number | undefined;
  /**
   * With `beams`: scores are divided by the number of tokens to this power; above 0 favours longer texts.
   * @defaultValue 1
   */
  readonly lengthPenalty?: number | undefined;
  /**
   * With `beams`: when the search stops. With true as soon as this many texts have ended, with false once the best open
   * one is no better than the worst of them, with `never` only once it cannot become better.
   * @defaultValue false
   */
  readonly earlyStopping?: boolean | "never" | undefined;
  /**
   * No sequence of this many tokens occurs twice, the prompt included; 0: no limit.
   * @defaultValue 0
   */
  readonly noRepeatNgram?: number | undefined;
  /**
   * Seed of the random numbers: one for all rows, or one for each.
   * @defaultValue a new one each time
   */
  readonly seed?: number | readonly number[] | undefined;
  /**
   * Continues after an end-of-text token, up to `maxTokens`, for example to measure speed.
   * @defaultValue false
   */
  readonly ignoreEos?: boolean | undefined;
  /**
   * Texts that end a row; they are left out of its text.
   * @defaultValue none
   */
  readonly stop?: string | readonly string[] | undefined;
  /**
   * Reports the log-probabilities of this many likeliest tokens at each position.
   * @defaultValue 0
   */
  readonly logprobs?: number | undefined;
  /**
   * Ends the generation, whose rows then have the stop reason `abort`.
   * @defaultValue none
   */
  readonly signal?: AbortSignal | undefined;
}

/** The options that change how likely a token is drawn. */
export type SamplingName =
  | "temperature"
  | "topK"
  | "topP"
  | "minP"
  | "repetitionPenalty"
  | "presencePenalty"
  | "frequencyPenalty"
  | "logitBias";

/** How a conversation is answered. */
export interface ChatOptions extends GenerationOptions {
  /**
   * Variables of the chat template, such as `enable_thinking`, and the tools that the model may call.
   * @defaultValue none
   */
  readonly template?: ChatTemplateOptions | undefined;
}

/** Options with defaults filled in. */
export interface ResolvedOptions {
  readonly maxTokens: number;
  readonly temperature: number;
  readonly topK: number;
  readonly topP: number;
  readonly minP: number;
  readonly repetitionPenalty: number;
  readonly presencePenalty: number;
  readonly frequencyPenalty: number;
  readonly bias: ReadonlyMap<number, number>;
  /** One for each row, or none. */
  readonly constraints: readonly TokenConstraint[];
  /** Check every n-th layer; 0: none. */
  readonly guard: number;
  readonly speculation: Speculation | undefined;
  readonly beams: number;
  readonly noRepeatNgram: number;
  /** The options from which these were made. */
  readonly given: GenerationOptions;
  readonly seeds: readonly number[];
  readonly ignoreEos: boolean;
  readonly stops: readonly string[];
  readonly logprobs: number;
  readonly signal: AbortSignal | undefined;
}

/** A model's default options, and its end-of-text tokens. */
export interface GenerationDefaults {
  readonly options: GenerationOptions;
  readonly eos: readonly number[];
}

const seed = integer(0, 2 ** 32 - 1);
const constraint = having("mask", "a TokenConstraint");

/** Which layers a guard checks. */
interface Guard {
  readonly every: number;
}

const guardChecks: Checks<Guard> = { every: required(integer(1)) };
const layers = object<Guard>(guardChecks);

/** Checks of the options that change how a token is drawn, and of `signal`. */
export const samplingChecks = {
  temperature: between(0, 1000),
  topK: integer(0, 2 ** 24 - 1),
  topP: between(0, 1),
  minP: between(0, 1),
  repetitionPenalty: between(1e-3, 1000),
  presencePenalty: between(-1000, 1000),
  frequencyPenalty: between(-1000, 1000),
  logitBias: recordOf(between(-1000, 1000)),
  signal: having("aborted", "an AbortSignal"),
} satisfies Checks<Pick<GenerationOptions, SamplingName | "signal">>;

const checks: Checks<GenerationOptions> = {
  ...samplingChecks,
  maxTokens: integer(0, 2 ** 31),
  constraint: either(constraint, listOf(constraint)),
  guard: Object.assign(either(boolean, layers), { fields: fieldsOf<Guard>(guardChecks) }),
  speculative: speculativeCheck,
  beams: integer(1, 64),
  lengthPenalty: between(-100, 100),
  earlyStopping: oneOf(true, false, "never"),
  noRepeatNgram: integer(0, 2 ** 31),
  seed: either(seed, listOf(seed)),
  ignoreEos: boolean,
  stop: either(nonEmpty, listOf(nonEmpty)),
  logprobs: integer(0, 64),
};

/** The options that `generate` takes. */
export const generateFields = fieldsOf(checks);
/** The options that `chat` takes. */
export const chatFields = fieldsOf<ChatOptions>({ ...checks, template: recordOf(anything) });

/** Options of a conversation, checked. Throws an `OptionError` that names the option. */
export function checkChat(options: ChatOptions): ChatOptions {
  checkOptions("chat", chatFields, options);
  return options;
}

/**
 * Checked options for `rows` prompts, with the model's defaults filled in. Throws an `OptionError` that names option,
 * value and range.
 */
export function resolveOptions(
  options: GenerationOptions,
  defaults: GenerationOptions,
  rows: number,
  vocabulary = Number.POSITIVE_INFINITY,
): ResolvedOptions {
  checkOptions("generate", generateFields, options);
  checkOptions("generation_config.json", generateFields, defaults);
  const take = (name: keyof GenerationOptions & keyof ResolvedOptions, fallback: number) =>
    (options[name] ?? defaults[name] ?? fallback) as number;
  const stops = typeof options.stop === "string" ? [options.stop] : (options.stop ?? []);
  return {
    maxTokens: take("maxTokens", 256),
    temperature: take("temperature", 0),
    topK: take("topK", 0),
    topP: take("topP", 1),
    minP: take("minP", 0),
    repetitionPenalty: take("repetitionPenalty", 1),
    presencePenalty: take("presencePenalty", 0),
    frequencyPenalty: take("frequencyPenalty", 0),
    logprobs: take("logprobs", 0),
    beams: take("beams", 1),
    noRepeatNgram: take("noRepeatNgram", 0),
    given: options,
    bias: resolveBias(options.logitBias, vocabulary),
    constraints: resolveConstraints(options.constraint, rows),
    guard: typeof options.guard === "object" ? options.guard.every : Number(options.guard ?? false),
    speculation: speculationOf(options, rows),
    seeds: resolveSeeds(options.seed, rows),
    ignoreEos: options.ignoreEos ?? false,
    stops,
    signal: options.signal,
  };
}

function speculationOf({ speculative, constraint = [] }: GenerationOptions, rows: number): Speculation | undefined {
  if (speculative && rows > 1) {
    throw new OptionError(`generate: speculative takes a single prompt, there are ${rows}`);
  }
  const constraints = "mask" in constraint ? [constraint] : constraint;
  if (speculative && constraints.some((one) => one.rollback === undefined)) {
    throw new OptionError(
      "generate: speculative takes a constraint that has rollback, since proposed tokens are taken back",
    );
  }
  return resolveSpeculative(speculative);
}

function resolveSeeds(seed: number | readonly number[] | undefined, rows: number): number[] {
  const given = seed ?? Math.floor(Math.random() * 2 ** 32);
  const seeds = typeof given === "number" ? new Array<number>(rows).fill(given) : [...given];
  if (seeds.length !== rows) throw new OptionError(`generate: seed has ${seeds.length} entries for ${rows} prompts`);
  return seeds;
}

function resolveBias(given: GenerationOptions["logitBias"] = {}, vocabulary: number): Map<number, number> {
  const bias = new Map(Object.entries(given).map(([id, value]) => [Number(id), value]));
  const wrong = Object.keys(given).find((id) => !/^\d+$/.test(id) || Number(id) >= vocabulary);
  if (wrong !== undefined) {
    const most = Number.isFinite(vocabulary) ? ` from 0 to ${vocabulary - 1}` : "";
    throw new OptionError(`generate: logitBias has the key ${shown(wrong)}, expected a token id${most}`);
  }
  return bias;
}

function resolveConstraints(given: GenerationOptions["constraint"] = [], rows: number): readonly TokenConstraint[] {
  const constraints = "mask" in given ? [given] : given;
  if (constraints.length > 0 && constraints.length !== rows) {
    throw new OptionError(`generate: constraint has ${constraints.length} entries for ${rows} prompts`);
  }
  return constraints;
}

/** The options that change the recorded program. */
export function samplingKind(options: ResolvedOptions): SamplingKind {
  return {
    biased: options.bias.size > 0,
    penalties: options.repetitionPenalty !== 1 || options.presencePenalty !== 0 || options.frequencyPenalty !== 0,
    restricted: options.constraints.length + options.noRepeatNgram > 0,
    guard: options.guard,
    logprobs: options.logprobs,
  };
}
