import { shown } from "../../options/checks.ts";
import type { ChatMessage } from "../../text/template/chat-template.ts";
import { TextError } from "../../text/text-error.ts";
import { encoderSupport } from "../direct/encoders.ts";
import { continued, readGrammar, tokensOfChat } from "../direct/generate.ts";
import { type AnyEntry, answersChat, type ChatEntry, entryFor, isDecoder } from "../direct/loaded.ts";
import type { EngineState } from "../direct/state.ts";
import type { Answered, EnginePiece } from "../generate-request.ts";
import { RequestError } from "../request-error.ts";
import { chatLogprobs } from "./logprobs.ts";
import { chatTable, checkRequest, wrongField } from "./request-fields.ts";
import { checkLength, finishReason, headOf, roomOf, samplingOf, tooLong, usageOf } from "./sampling.ts";
import type { ChatCompletion, ChatCompletionChunk, ChatCompletionRequest, ChatLogprobs } from "./types.ts";

/** A conversation to answer, ready to start. */
interface Chat {
  readonly entry: AnyEntry;
  readonly begin: () => AsyncGenerator<EnginePiece, Answered, undefined>;
  /** The log-probabilities of pieces; undefined if none are reported. */
  readonly logprobsOf: ((pieces: readonly EnginePiece[]) => ChatLogprobs) | undefined;
  readonly usage: boolean;
}

async function readChat(state: EngineState, given: unknown, signal: AbortSignal | undefined): Promise<Chat> {
  const request = checkRequest<ChatCompletionRequest>(chatTable, "messages", given);
  const messages = readMessages(request.messages);
  const { top_logprobs: most, logprobs = false } = request;
  if (most !== undefined && !logprobs) throw wrongField("top_logprobs", most, "logprobs to be true with it");
  const entry = entryFor(state.models, request.model, answersChat);
  const usage = request.stream_options?.include_usage ?? false;
  const tokens = await tokensOf(entry, messages, signal);
  if (!isDecoder(entry)) {
    const { sourceOfChat } = await encoderSupport("chat.completions");
    return { entry, begin: sourceOfChat(entry, tokens, request, signal), logprobsOf: undefined, usage };
  }
  const grammar = await readGrammar(request.response_format);
  checkLength(roomOf(entry), tokens, "messages");
  const top = logprobs ? (most ?? 0) : undefined;
  const options = {
    ...samplingOf(entry, request, signal),
    // Without a limit an answer may fill the context.
    maxTokens: request.max_completion_tokens ?? request.max_tokens ?? entry.model.context,
    ...(top === undefined ? {} : { logprobs: Math.max(1, top) }),
  };
  const logprobsOf =
    top === undefined ? undefined : (pieces: readonly EnginePiece[]) => chatLogprobs(entry, pieces, top);
  return { entry, begin: () => continued(entry, tokens, options, grammar), logprobsOf, usage };
}

async function tokensOf(
  entry: ChatEntry,
  messages: ReturnType<typeof readMessages>,
  signal: AbortSignal | undefined,
): Promise<number[]> {
  const { id, context } = isDecoder(entry)
    ? roomOf(entry)
    : { id: `the encoder of ${entry.id}`, context: entry.sequence.sourceContext };
  try {
    const tokens = await tokensOfChat(entry, messages, context, signal);
    return tokens ?? tooLong(id, context, "messages");
  } catch (cause) {
    if (!(cause instanceof TextError)) throw cause;
    throw new RequestError(cause.message, { param: "messages", code: "invalid_value", cause });
  }
}

/** Answers a conversation in one piece. */
export async function answerChat(
  state: EngineState,
  request: ChatCompletionRequest,
  signal: AbortSignal | undefined,
): Promise<ChatCompletion> {
  const { entry, begin, logprobsOf } = await readChat(state, request, signal);
  const head = headOf("chatcmpl", entry);
  const { pieces, result } = await collected(begin(), logprobsOf !== undefined);
  const reason = finishReason(result.stopReason);
  if (!reason) throw signal?.reason;
  return {
    ...head,
    object: "chat.completion",
    choices: [
      {
        index: 0,
        message: { role: "assistant", content: result.text, refusal: null },
        logprobs: logprobsOf?.(pieces) ?? null,
        finish_reason: reason,
      },
    ],
    usage: usageOf(result),
  };
}

/** All pieces if they are `kept`, and the result. */
export async function collected(
  parts: AsyncGenerator<EnginePiece, Answered, undefined>,
  kept: boolean,
): Promise<{ pieces: EnginePiece[]; result: Answered }> {
  const pieces: EnginePiece[] = [];
  let step = await parts.next();
  for (; !step.done; step = await parts.next()) if (kept) pieces.push(step.value);
  return { pieces, result: step.value };
}

/** Answers a conversation part by part: the role, the text, why it ended, and if requested the usage. */
export async function* streamChat(
  state: EngineState,
  request: ChatCompletionRequest,
  signal: AbortSignal | undefined,
): AsyncGenerator<ChatCompletionChunk, undefined, undefined> {
  const { entry, begin, logprobsOf, usage } = await readChat(state, request, signal);
  const head = { ...headOf("chatcmpl", entry), object: "chat.completion.chunk" as const };
  const rest = usage ? { usage: null } : {};
  type Choice = ChatCompletionChunk["choices"][number];
  const part = (delta: Choice["delta"], finish: Choice["finish_reason"], logprobs: Choice["logprobs"] = null) => ({
    ...head,
    choices: [{ index: 0, delta, logprobs, finish_reason: finish }],
    ...rest,
  });
  yield part({ role: "assistant", content: "", refusal: null }, null);
  const parts = begin();
  try {
    let step = await parts.next();
    for (; !step.done; step = await parts.next()) {
      const piece = step.value;
      const logprobs = logprobsOf?.([piece]) ?? null;
      if (piece.text !== "" || logprobs?.content?.length) yield part({ content: piece.text }, null, logprobs);
    }
    const reason = finishReason(step.value.stopReason);
    if (!reason) return; // the caller aborted it
    yield part({}, reason);
    if (usage) yield { ...head, choices: [], usage: usageOf(step.value) };
  } finally {
    await parts.return(undefined as never);
  }
}

/**
 * Messages for chat templates: content as one text, `developer` messages as system messages.
 *
 * @throws RequestError with status 400 and the path of the invalid value.
 */
function readMessages(messages: unknown): ChatMessage[] {
  if (!Array.isArray(messages) || messages.length === 0) {
    throw wrongField("messages", messages, "a list of one message or more");
  }
  return messages.map((message: unknown, i) => {
    const at = `messages[${i}]`;
    if (typeof message !== "object" || message === null || Array.isArray(message)) {
      throw wrongField(at, message, "an object with role and content");
    }
    const { role, content, ...rest } = message as Record<string, unknown>;
    if (typeof role !== "string") throw wrongField(`${at}.role`, role, "a text");
    if ((rest["tool_calls"] ?? rest["function_call"]) !== undefined || role === "tool" || role === "function") {
      throw new RequestError(`${at}: tools are not supported`, { param: at, code: "unsupported_value" });
    }
    if ((content === undefined || content === null) && role !== "assistant") {
      throw wrongField(`${at}.content`, content, "a text, or a list of parts with type text");
    }
    const text = content === undefined || content === null ? "" : textOf(content, `${at}.content`);
    return { ...rest, role: role === "developer" ? "system" : role, content: text };
  });
}

function textOf(content: unknown, at: string): string {
  if (typeof content === "string") return content;
  if (!Array.isArray(content)) throw wrongField(at, content, "a text, or a list of parts with type text");
  const texts = content.map((part: unknown, i) => {
    const { type, text } = (typeof part === "object" && part !== null ? part : {}) as Record<string, unknown>;
    if (type !== "text" || typeof text !== "string") {
      const problem = `${at}[${i}] has the type ${shown(type)}, expected text: models take nothing else`;
      throw new RequestError(problem, { param: `${at}[${i}]`, code: "unsupported_value" });
    }
    return text;
  });
  return texts.join("\n");
}
