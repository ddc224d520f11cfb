import type { GenerateRequest } from "../../../src/engine/generate-request.ts";
import { maxDrafted } from "../../../src/generate/speculative/options.ts";

/** The settings with a slider: fields of `GenerationOptions`, and the number of tokens proposed by prompt lookup. */
export type SamplingName =
  | "lookup"
  | "temperature"
  | "topK"
  | "topP"
  | "minP"
  | "repetitionPenalty"
  | "presencePenalty"
  | "frequencyPenalty"
  | "maxTokens";

/** A setting of sampling. */
export interface SamplingField {
  readonly name: SamplingName;
  /** Its key in links. */
  readonly key: string;
  readonly label: string;
  readonly hint: string;
  /** The default if neither the reader nor the model sets a value. */
  readonly standard: number;
  /** Limits and step of the slider; the number box accepts the engine's whole range. */
  readonly slider: readonly [from: number, to: number, step: number];
  readonly range: readonly [from: number, to: number];
}

/** The settings, in the order in which they are shown. Ranges are those of `GenerationOptions`. */
export const samplingFields: readonly SamplingField[] = [
  {
    name: "temperature",
    key: "temperature",
    label: "Temperature",
    standard: 0,
    hint: "0 always takes the likeliest token",
    slider: [0, 2, 0.05],
    range: [0, 1000],
  },
  {
    name: "topK",
    key: "top_k",
    label: "Top-k",
    standard: 0,
    hint: "keeps the k likeliest tokens; 0 keeps all",
    slider: [0, 200, 1],
    range: [0, 2 ** 24 - 1],
  },
  {
    name: "topP",
    key: "top_p",
    label: "Top-p",
    standard: 1,
    hint: "keeps the likeliest that sum to this probability; 1 keeps all",
    slider: [0, 1, 0.01],
    range: [0, 1],
  },
  {
    name: "minP",
    key: "min_p",
    label: "Min-p",
    standard: 0,
    hint: "keeps tokens at least this fraction as likely as the likeliest",
    slider: [0, 1, 0.01],
    range: [0, 1],
  },
  {
    name: "repetitionPenalty",
    key: "repetition_penalty",
    label: "Repetition penalty",
    standard: 1,
    hint: "makes tokens seen so far less likely; 1 does nothing",
    slider: [1, 2, 0.01],
    range: [1e-3, 1000],
  },
  {
    name: "presencePenalty",
    key: "presence_penalty",
    label: "Presence penalty",
    standard: 0,
    hint: "subtracted once from the logits of generated tokens",
    slider: [-2, 2, 0.1],
    range: [-1000, 1000],
  },
  {
    name: "frequencyPenalty",
    key: "frequency_penalty",
    label: "Frequency penalty",
    standard: 0,
    hint: "subtracted for each time a token was generated",
    slider: [-2, 2, 0.1],
    range: [-1000, 1000],
  },
  {
    name: "maxTokens",
    key: "max_tokens",
    label: "Tokens at most",
    standard: 256,
    hint: "the reply ends there",
    slider: [1, 1024, 1],
    range: [1, 2 ** 31],
  },
  {
    name: "lookup",
    key: "lookup",
    label: "Prompt lookup",
    standard: 0,
    hint: "tokens proposed per step from repetitions in the text: the same text, in fewer steps; 0 is off",
    slider: [0, maxDrafted, 1],
    range: [0, maxDrafted],
  },
];

const whole: ReadonlySet<SamplingName> = new Set(["topK", "maxTokens", "lookup"]);

/** The reader's choices; others come from the model, or are standard. */
export type Sampling = Readonly<Partial<Record<SamplingName, number>>> & { readonly seed?: number };

/** The problem with a value; undefined if it is valid. */
export function problemOf({ name, label, range: [from, to] }: SamplingField, value: number): string | undefined {
  const right = value >= from && value <= to && (!whole.has(name) || Number.isInteger(value));
  return right ? undefined : `${label} is ${whole.has(name) ? "a whole number" : "a number"} from ${from} to ${to}.`;
}

/** The largest seed. */
export const maxSeed = 2 ** 32 - 1;

/** The problem with a seed; undefined if it is valid. */
export const seedProblem = (value: number): string | undefined =>
  Number.isInteger(value) && value >= 0 && value <= maxSeed
    ? undefined
    : `The seed is a whole number from 0 to ${maxSeed}.`;

/** The effective value: the reader's, else the model's, else the standard one. */
export const effectiveValue = (
  { name, standard }: SamplingField,
  chosen: Sampling,
  defaults: Readonly<Record<string, number>>,
): number => chosen[name] ?? defaults[name] ?? standard;

/** Sampling options of a request: unset ones are left to the model. */
export function optionsOf({
  lookup = 0,
  ...chosen
}: Sampling): Pick<GenerateRequest, Exclude<SamplingName, "lookup"> | "seed" | "speculative"> {
  return lookup > 0 ? { ...chosen, speculative: { kind: "prompt-lookup", tokens: lookup } } : chosen;
}
