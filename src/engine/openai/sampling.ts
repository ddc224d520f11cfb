import type { GenerationOptions } from "../../generate/options.ts";
import type { StopReason } from "../../generate/row.ts";
import type { LoadedEntry } from "../direct/loaded.ts";
import type { EngineResult } from "../generate-request.ts";
import { RequestError } from "../request-error.ts";
import type { FinishReason, SamplingRequest, Usage } from "./types.ts";

/** Sampling as the engine has it. Where neither request nor model says otherwise, the temperature is OpenAI's, 1. */
export function samplingOf(entry: LoadedEntry, request: SamplingRequest, signal: AbortSignal | undefined) {
  const { seed, temperature = entry.model.defaults.options.temperature ?? 1 } = request;
  const { top_p: topP, top_k: topK, min_p: minP, repetition_penalty: repetitionPenalty, stop } = request;
  const { presence_penalty: presencePenalty, frequency_penalty: frequencyPenalty } = request;
  const logitBias = request.logit_bias ? biasOf(entry, request.logit_bias) : undefined;
  const options = {
    ...{ logitBias, temperature, topP, topK, minP, repetitionPenalty, presencePenalty, frequencyPenalty, stop, signal },
    // Seeds of 64 bits are usual; the engine's have 32.
    ...(seed === undefined || seed === null ? {} : { seed: Number(BigInt.asUintN(32, BigInt(seed))) }),
  };
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as GenerationOptions;
}

function biasOf({ model }: LoadedEntry, bias: Readonly<Record<string, number>>): Record<number, number> {
  const { vocabulary } = model.decoder.config;
  const wrong = Object.keys(bias).find((token) => Number(token) >= vocabulary);
  if (wrong !== undefined) {
    const problem = `logit_bias has the token id ${wrong}, outside of the model's vocabulary of ${vocabulary} tokens`;
    throw new RequestError(problem, { param: "logit_bias", code: "invalid_value" });
  }
  return Object.fromEntries(Object.entries(bias).map(([token, value]) => [Number(token), value]));
}

/** Throws `RequestError` for a prompt that leaves no room in the context. */
export function checkLength({ model, id }: LoadedEntry, tokens: readonly number[], param: string): void {
  if (tokens.length === 0) throw new RequestError(`${param} is empty`, { param, code: "invalid_value" });
  if (tokens.length > model.context) {
    const problem = `${param} has ${tokens.length} tokens, more than the context of ${id}, ${model.context} tokens`;
    throw new RequestError(problem, { param, code: "context_length_exceeded" });
  }
  const { vocabulary } = model.decoder.config;
  const wrong = tokens.find((token) => token >= vocabulary);
  if (wrong !== undefined) {
    const problem = `${param} has the token id ${wrong}, outside of the model's vocabulary of ${vocabulary} tokens`;
    throw new RequestError(problem, { param, code: "invalid_value" });
  }
}

/** Why an answer ended, in OpenAI's words; undefined for one that was stopped from outside. */
export function finishReason(reason: StopReason): FinishReason | undefined {
  if (reason === "abort") return undefined;
  return reason === "eos" || reason === "stop" ? "stop" : "length";
}

/** The tokens of a result, added up over several. */
export function usageOf(...results: readonly EngineResult[]): Usage {
  const sum = (count: (result: EngineResult) => number) => results.reduce((total, result) => total + count(result), 0);
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

/** What every answer begins with. */
export const headOf = (prefix: string, { id: model }: LoadedEntry) => ({
  id: `${prefix}-${crypto.randomUUID()}`,
  created: Math.floor(Date.now() / 1000),
  model,
});
