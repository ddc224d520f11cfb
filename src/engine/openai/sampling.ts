import type { GenerationOptions } from "../../generate/options.ts";
import type { StopReason } from "../../generate/session/row.ts";
import type { Tokenizer } from "../../text/tokenizer.ts";
import type { AnyEntry, LoadedEntry } from "../direct/loaded.ts";
import type { Answered } from "../generate-request.ts";
import { RequestError } from "../request-error.ts";
import type { CompletionRequest, FinishReason, SamplingRequest, Usage } from "./types.ts";

/** Fields of a request with the engine's names for them. */
const names = {
  temperature: "temperature",
  top_p: "topP",
  top_k: "topK",
  min_p: "minP",
  stop: "stop",
  presence_penalty: "presencePenalty",
  frequency_penalty: "frequencyPenalty",
  repetition_penalty: "repetitionPenalty",
  no_repeat_ngram_size: "noRepeatNgram",
  num_beams: "beams",
  length_penalty: "lengthPenalty",
  early_stopping: "earlyStopping",
} satisfies Partial<Record<keyof CompletionRequest, keyof GenerationOptions>>;

/** Sampling and search settings of a checked request. Seeds of 64 bits are usual; the engine's have 32. */
export function optionsOf(request: SamplingRequest): GenerationOptions {
  const given: Readonly<Record<string, unknown>> = { ...request };
  const { seed } = request;
  return Object.fromEntries([
    ...Object.entries(names).flatMap(([name, own]) => (given[name] === undefined ? [] : [[own, given[name]]])),
    ...(typeof seed === "number" ? [["seed", Number(BigInt.asUintN(32, BigInt(seed)))]] : []),
  ]);
}

/**
 * The engine's sampling options. Unless request or model set one, the temperature is OpenAI's, 1, or 0 for a search.
 */
export function samplingOf(entry: LoadedEntry, request: SamplingRequest, signal: AbortSignal | undefined) {
  const options = optionsOf(request);
  const usual = (options.beams ?? 1) > 1 ? 0 : (entry.model.defaults.options.temperature ?? 1);
  const { logit_bias: bias } = request;
  return { temperature: usual, ...options, signal, ...(bias && { logitBias: biasOf(entry, bias) }) };
}

function biasOf({ model }: LoadedEntry, bias: Readonly<Record<string, number>>): Record<number, number> {
  const { vocabulary } = model.decoder.config;
  checkIds(Object.keys(bias).map(Number), vocabulary, "logit_bias");
  return Object.fromEntries(Object.entries(bias).map(([token, value]) => [Number(token), value]));
}

function checkIds(tokens: readonly number[], vocabulary: number, param: string): void {
  const wrong = tokens.find((token) => token >= vocabulary);
  if (wrong === undefined) return;
  const problem = `${param} has the token id ${wrong}, outside of the model's vocabulary of ${vocabulary} tokens`;
  throw new RequestError(problem, { param, code: "invalid_value" });
}

/** Throws the `RequestError` for a text whose tokenization stopped when it exceeded the context. */
export function tooLong(id: string, context: number, param: string): never {
  const problem = `${param} has more tokens than the context of ${id}, ${context} tokens`;
  throw new RequestError(problem, { param, code: "context_length_exceeded" });
}

/** The entries of a field as token ids, at most `context` for each text. */
export async function tokensOf(
  tokenizer: Tokenizer,
  { id, context }: { readonly id: string; readonly context: number },
  entries: readonly (string | readonly number[])[],
  param: string,
  signal: AbortSignal | undefined,
): Promise<(readonly number[])[]> {
  const all: (readonly number[])[] = [];
  for (const one of entries) {
    if (typeof one !== "string") all.push(one);
    else all.push((await tokenizer.encodeAtMost(one, context, { signal })) ?? tooLong(id, context, param));
  }
  return all;
}

/** Throws `RequestError` for a prompt that leaves no room in the context, and for tokens outside the vocabulary. */
export function checkLength(
  { id, context, vocabulary }: { readonly id: string; readonly context: number; readonly vocabulary: number },
  tokens: readonly number[],
  param: string,
): void {
  if (tokens.length === 0) throw new RequestError(`${param} is empty`, { param, code: "invalid_value" });
  if (tokens.length > context) {
    const problem = `${param} has ${tokens.length} tokens, more than the context of ${id}, ${context} tokens`;
    throw new RequestError(problem, { param, code: "context_length_exceeded" });
  }
  checkIds(tokens, vocabulary, param);
}

/** The tokenizer and context of a language model. */
export const roomOf = ({ id, model }: LoadedEntry) => ({
  id,
  context: model.context,
  vocabulary: model.decoder.config.vocabulary,
});

/** Why an answer ended, in OpenAI's words; undefined for one that was aborted. */
export function finishReason(reason: StopReason): FinishReason | undefined {
  if (reason === "abort") return undefined;
  return reason === "eos" || reason === "stop" ? "stop" : "length";
}

/** Token counts, summed over results. */
export function usageOf(...results: readonly Answered[]): Usage {
  const sum = (count: (result: Answered) => number) => results.reduce((total, result) => total + count(result), 0);
  const prompt = sum(({ promptTokens }) => promptTokens.length);
  const completion = sum(({ tokens }) => tokens.length);
  const drafted = sum(({ speculative }) => speculative?.drafted ?? 0);
  const accepted = sum(({ speculative }) => speculative?.accepted ?? 0);
  const predictions = { accepted_prediction_tokens: accepted, rejected_prediction_tokens: drafted - accepted };
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: prompt + completion,
    prompt_tokens_details: { cached_tokens: sum(({ cachedTokens }) => cachedTokens) },
    ...(results.some(({ speculative }) => speculative) ? { completion_tokens_details: predictions } : {}),
  };
}

/** The common fields of every answer. */
export const headOf = (prefix: string, { id: model }: AnyEntry) => ({
  id: `${prefix}-${crypto.randomUUID()}`,
  created: Math.floor(Date.now() / 1000),
  model,
});
