import { continued } from "../direct/generate.ts";
import { entryOf, type LoadedEntry } from "../direct/loaded.ts";
import type { EngineState } from "../direct/state.ts";
import type { EnginePiece, EngineResult } from "../generate-request.ts";
import { readFormat } from "../grammar/response-format.ts";
import { RequestError } from "../request-error.ts";
import { collected } from "./chat.ts";
import { completionLogprobs } from "./logprobs.ts";
import { checkRequest, completionTable } from "./request.ts";
import { checkLength, finishReason, headOf, samplingOf, usageOf } from "./sampling.ts";
import type { Completion, CompletionRequest, FinishReason } from "./types.ts";

/** A prompt to continue, ready to begin. */
interface Prompt {
  readonly index: number;
  /** What the answer repeats of it. */
  readonly echo: string;
  readonly begin: () => AsyncGenerator<EnginePiece, EngineResult, undefined>;
}

interface Prompts {
  readonly entry: LoadedEntry;
  readonly prompts: readonly Prompt[];
  readonly top: number | undefined;
  readonly usage: boolean;
}

/** Tokens of an answer to a request that says nothing of it, as in OpenAI's interface. */
const defaultTokens = 16;

/** A field that is a text or token ids, or several, as several. */
export const inputsOf = (
  given: string | readonly string[] | readonly number[] | readonly (readonly number[])[],
): readonly (string | readonly number[])[] =>
  typeof given === "string" || typeof given[0] === "number"
    ? [given as string | readonly number[]]
    : (given as readonly string[]);

/** The entries of such a field. */
export function entriesOf(
  { model }: LoadedEntry,
  given: string | readonly string[] | readonly number[] | readonly (readonly number[])[],
): readonly (readonly number[])[] {
  return inputsOf(given).map((one) => (typeof one === "string" ? model.tokenizer.encode(one) : one));
}

function readPrompts(state: EngineState, given: unknown, signal: AbortSignal | undefined): Prompts {
  const request = checkRequest<CompletionRequest>(completionTable, "prompt", given);
  const { echo = false, logprobs: top = undefined, max_tokens: maxTokens } = request;
  if (echo && top !== undefined) {
    throw new RequestError("echo and logprobs together are not supported: prompts have no log-probabilities", {
      ...{ param: "logprobs", code: "unsupported_value" },
    });
  }
  const grammar = readFormat(request.response_format);
  const entry = entryOf(state.models, request.model);
  const options = {
    ...samplingOf(entry, request, signal),
    maxTokens: maxTokens ?? defaultTokens,
    ...(typeof top === "number" ? { logprobs: Math.max(1, top) } : {}),
  };
  const prompts = entriesOf(entry, request.prompt ?? "").map((tokens, index) => {
    checkLength(entry, tokens, "prompt");
    const repeated = echo ? entry.model.tokenizer.decode(tokens) : "";
    return { index, echo: repeated, begin: () => continued(entry, tokens, options, grammar) };
  });
  const usage = request.stream_options?.include_usage ?? false;
  return { entry, prompts, top: top ?? undefined, usage };
}

/** Continues prompts, one after the other. */
export async function answerCompletion(
  state: EngineState,
  request: CompletionRequest,
  signal: AbortSignal | undefined,
): Promise<Completion> {
  const { entry, prompts, top } = readPrompts(state, request, signal);
  const head = headOf("cmpl", entry);
  const choices: Completion["choices"] = [];
  const results: EngineResult[] = [];
  for (const { index, echo, begin } of prompts) {
    const { pieces, result } = await collected(begin(), top !== undefined);
    const reason = finishReason(result.stopReason);
    if (!reason) throw signal?.reason;
    const logprobs = top === undefined ? null : completionLogprobs(entry, pieces, top, 0);
    choices.push({ index, text: echo + result.text, logprobs, finish_reason: reason });
    results.push(result);
  }
  return { ...head, object: "text_completion", choices, usage: usageOf(...results) };
}

/** Continues prompts, one after the other, part by part. */
export async function* streamCompletion(
  state: EngineState,
  request: CompletionRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<Completion<FinishReason | null>, undefined, undefined> {
  const { entry, prompts, top, usage } = readPrompts(state, request, signal);
  const head = { ...headOf("cmpl", entry), object: "text_completion" as const };
  const results: EngineResult[] = [];
  type Choice = Completion<FinishReason | null>["choices"][number];
  const part = (index: number, text: string, finish: FinishReason | null, logprobs: Choice["logprobs"] = null) => ({
    ...head,
    choices: [{ index, text, logprobs, finish_reason: finish }],
  });
  for (const { index, echo, begin } of prompts) {
    if (echo !== "") yield part(index, echo, null);
    const parts = begin();
    let offset = 0;
    try {
      let step = await parts.next();
      for (; !step.done; step = await parts.next()) {
        const piece = step.value;
        const logprobs = top === undefined ? null : completionLogprobs(entry, [piece], top, offset);
        if (piece.text !== "" || logprobs?.tokens.length) yield part(index, piece.text, null, logprobs);
        offset += piece.tokenText?.length ?? 0;
      }
      const reason = finishReason(step.value.stopReason);
      if (!reason) return;
      yield part(index, "", reason);
      results.push(step.value);
    } finally {
      await parts.return(undefined as never);
    }
  }
  if (usage) yield { ...head, choices: [], usage: usageOf(...results) };
}
