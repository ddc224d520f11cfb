// The table of valid fields of OpenAI-style requests, used by engines and servers.
import {
  anything,
  between,
  boolean,
  type Check,
  either,
  having,
  integer,
  listOf,
  nonEmpty,
  recordOf,
  shown,
  text,
} from "../../options/checks.ts";
import { nearNames } from "../../options/near-names.ts";
import { RequestError } from "../request-error.ts";
import type { ChatCompletionRequest, CompletionRequest, EmbeddingRequest } from "./types.ts";

/** A check for each field of a request; fields not in the type have no effect. */
export type Table<R> = { readonly [K in keyof R]-?: Check } & { readonly [name: string]: Check };

/** A neutral value, accepted for an unsupported field. */
const only =
  (expected: string, accepts: (value: unknown) => boolean): Check =>
  (value) =>
    accepts(value) ? undefined : expected;

const one = only("1: one answer a request", (value) => value === 1);
const maxStops = 16;
const stops: Check = either(nonEmpty, (value) =>
  Array.isArray(value) && value.length > maxStops ? `at most ${maxStops} texts` : listOf(nonEmpty)(value),
);
const tokenBias: Check = (value) => {
  const expected = "an object with token ids as names, and numbers from -100 to 100";
  if (recordOf(anything)(value) !== undefined) return expected;
  for (const [name, bias] of Object.entries(value as object)) {
    const wrong = /^\d{1,10}$/.test(name) ? between(-100, 100)(bias) : "token ids as names";
    if (wrong === undefined) continue;
    const problem = `logit_bias[${shown(name)}] is ${shown(bias)}, expected ${wrong}`;
    throw new RequestError(problem, { param: "logit_bias", code: "invalid_value" });
  }
  return undefined;
};

const streamOptions = ["include_usage", "include_obfuscation"];
const sampling = {
  model: text,
  stream: boolean,
  stream_options: ((value) => {
    const wrong =
      recordOf(boolean)(value) ?? Object.keys(value as object).find((name) => !streamOptions.includes(name));
    return wrong === undefined ? undefined : `an object with ${streamOptions.join(" or ")}, true or false`;
  }) as Check,
  temperature: between(0, 2),
  top_p: between(0, 1),
  max_tokens: integer(0),
  stop: stops,
  seed: integer(),
  presence_penalty: between(-2, 2),
  frequency_penalty: between(-2, 2),
  logit_bias: tokenBias,
  n: one,
  user: text,
  top_k: integer(0, 2 ** 24 - 1),
  min_p: between(0, 1),
  repetition_penalty: between(1e-3, 1000),
  response_format: having("type", "an object with type"), // openai/response-format.ts reads it
};

const noTools = "no tools: they are not supported";

/** Fields of `chat.completions`. */
export const chatTable: Table<ChatCompletionRequest> = {
  ...sampling,
  messages: anything, // openai/messages.ts reads them
  max_completion_tokens: integer(0),
  logprobs: boolean,
  top_logprobs: integer(0, 20),
  store: boolean,
  tools: only(noTools, (value) => Array.isArray(value) && value.length === 0),
  functions: only(noTools, (value) => Array.isArray(value) && value.length === 0),
  tool_choice: only(noTools, (value) => value === "none" || value === "auto"),
  function_call: only(noTools, (value) => value === "none" || value === "auto"),
  parallel_tool_calls: boolean,
  modalities: only('["text"]', (value) => Array.isArray(value) && value.length === 1 && value[0] === "text"),
  metadata: recordOf(text),
  service_tier: text,
  safety_identifier: text,
  prompt_cache_key: text,
};

const token = integer(0, 2 ** 32 - 1);
/** Texts, or lists of token ids: one or several. */
const inputs =
  (most: number): Check =>
  (value) => {
    const isList = Array.isArray(value);
    if (isList && value.length > most && typeof value[0] !== "number") return `at most ${most} of them`;
    const kinds = either(text, listOf(text), listOf(token), listOf(listOf(token)));
    return kinds(value) === undefined && !(isList && value.length === 0)
      ? undefined
      : "a text, a list of texts, a list of token ids, or a list of these";
  };

/** Fields of `completions`. */
export const completionTable: Table<CompletionRequest> = {
  ...sampling,
  prompt: inputs(128),
  logprobs: integer(0, 5),
  echo: boolean,
  best_of: one,
  num_beams: integer(1, 64),
  length_penalty: between(-100, 100),
  early_stopping: only('true, false or "never"', (value) => [true, false, "never"].includes(value as string)),
  no_repeat_ngram_size: integer(0, 2 ** 16),
  suffix: only("nothing: text in front of a suffix is not supported", () => false),
};

/** Fields of `embeddings`. */
export const embeddingTable: Table<EmbeddingRequest> = {
  model: text,
  input: inputs(2048),
  encoding_format: only('"float" or "base64"', (value) => value === "float" || value === "base64"),
  dimensions: integer(1),
  prompt_name: text,
  user: text,
};

/**
 * Checks a request and drops null fields, which count as unset.
 *
 * @throws RequestError with status 400 and the field's name.
 */
export function checkRequest<R extends object>(table: Table<R>, required: keyof R & string, request: unknown): R {
  if (typeof request !== "object" || request === null || Array.isArray(request)) {
    throw new RequestError(`the request is ${shown(request)}, expected an object with ${required}`);
  }
  const given: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(request)) {
    if (!Object.hasOwn(table, name)) throw unknownField(table, name);
    if (value === null || value === undefined) continue;
    const expected = table[name]?.(value);
    if (expected !== undefined) throw wrongField(name, value, expected);
    given[name] = value;
  }
  if (given[required] === undefined) {
    throw new RequestError(`${required} is missing`, { param: required, code: "missing_required_parameter" });
  }
  return given as R;
}

/** The error for a field with an invalid value. */
export function wrongField(name: string, value: unknown, expected: string): RequestError {
  return new RequestError(`${name} is ${shown(value)}, expected ${expected}`, { param: name, code: "invalid_value" });
}

function unknownField(table: object, name: string): RequestError {
  const [near] = nearNames(name, Object.keys(table));
  const shownName = shown(name).slice(1, -1);
  const hint = near === undefined ? "" : `; did you mean ${near}?`;
  return new RequestError(`there is no field ${shownName}${hint}`, {
    param: name.slice(0, 60),
    code: "unknown_parameter",
  });
}
