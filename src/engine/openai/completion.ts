import { onDevice } from "../device-recovery.ts";
import { encoderSupport } from "../direct/encoders.ts";
import { continued, pieceOf, readGrammar } from "../direct/generate.ts";
import {
  type AnyEntry,
  entryFor,
  isDecoder,
  isSequence,
  type LoadedEntry,
  type SequenceEntry,
} from "../direct/loaded.ts";
import { proposing } from "../direct/proposing.ts";
import type { EngineState } from "../direct/state.ts";
import type { Answered, EnginePiece } from "../generate-request.ts";
import { RequestError } from "../request-error.ts";
import { collected } from "./chat.ts";
import { inputsOf, type Prompt } from "./inputs.ts";
import { completionLogprobs } from "./logprobs.ts";
import { checkRequest, completionTable } from "./request-fields.ts";
import { checkLength, finishReason, headOf, roomOf, samplingOf, tokensOf, usageOf } from "./sampling.ts";
import type { Completion, CompletionLogprobs, CompletionRequest, FinishReason } from "./types.ts";

interface Prompts {
  readonly entry: AnyEntry;
  readonly prompts: readonly Prompt[];
  /** The log-probabilities of pieces whose text begins at an offset; undefined if none are reported. */
  readonly logprobsOf: ((pieces: readonly EnginePiece[], offset: number) => CompletionLogprobs) | undefined;
  readonly usage: boolean;
}

const writesText = (entry: AnyEntry): entry is LoadedEntry | SequenceEntry => isDecoder(entry) || isSequence(entry);

/** Default number of tokens of an answer, as in OpenAI's interface. */
const defaultTokens = 16;

async function readPrompts(state: EngineState, given: unknown, signal: AbortSignal | undefined): Promise<Prompts> {
  const request = checkRequest<CompletionRequest>(completionTable, "prompt", given);
  const { echo = false, logprobs: top = undefined, max_tokens: maxTokens } = request;
  if (echo && top !== undefined) {
    throw new RequestError("echo and logprobs together are not supported: prompts have no log-probabilities", {
      param: "logprobs",
      code: "unsupported_value",
    });
  }
  const entry = entryFor(state.models, request.model, writesText);
  const usage = request.stream_options?.include_usage ?? false;
  if (isSequence(entry)) {
    const { sources } = await encoderSupport("completions");
    return { entry, prompts: await sources(entry, request, signal), logprobsOf: undefined, usage };
  }
  const grammar = await readGrammar(request.response_format);
  const options = {
    ...samplingOf(entry, request, signal),
    maxTokens: maxTokens ?? defaultTokens,
    ...(typeof top === "number" ? { logprobs: Math.max(1, top) } : {}),
  };
  const room = roomOf(entry);
  const all = await tokensOf(entry.model.tokenizer, room, inputsOf(request.prompt ?? ""), "prompt", signal);
  for (const tokens of all) checkLength(room, tokens, "prompt");
  const batch = all.length > 1 && !grammar ? await import("../direct/batch.ts") : undefined;
  const begins = batch?.continuedTogether(entry, all, options, { onDevice, pieceOf, proposing });
  const prompts = all.map((tokens, index) => ({
    index,
    echo: echo ? entry.model.tokenizer.decode(tokens) : "",
    begin: begins?.[index] ?? (() => continued(entry, tokens, options, grammar)),
  }));
  const logprobsOf =
    typeof top === "number"
      ? (pieces: readonly EnginePiece[], offset: number) => completionLogprobs(entry, pieces, top, offset)
      : undefined;
  return { entry, prompts, logprobsOf, usage };
}

/** Continues prompts, several together. */
export async function answerCompletion(
  state: EngineState,
  request: CompletionRequest,
  signal: AbortSignal | undefined,
): Promise<Completion> {
  const { entry, prompts, logprobsOf } = await readPrompts(state, request, signal);
  const head = headOf("cmpl", entry);
  const choices: Completion["choices"] = [];
  const results: Answered[] = [];
  for (const { index, echo, begin } of prompts) {
    const { pieces, result } = await collected(begin(), logprobsOf !== undefined);
    const reason = finishReason(result.stopReason);
    if (!reason) throw signal?.reason;
    const logprobs = logprobsOf?.(pieces, 0) ?? null;
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
  const { entry, prompts, logprobsOf, usage } = await readPrompts(state, request, signal);
  const head = { ...headOf("cmpl", entry), object: "text_completion" as const };
  const results: Answered[] = [];
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
        const logprobs = logprobsOf?.([piece], offset) ?? null;
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
