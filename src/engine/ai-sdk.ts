// An engine's model for the Vercel AI SDK. The SDK's types are written out as far as they are used; a test compares
// them with `LanguageModelV3` of the npm package `@ai-sdk/provider`, version 3.
import { checkValue, text } from "../options/checks.ts";
import type { Engine } from "./engine.ts";
import type {
  ChatCompletionChunk,
  ChatCompletionRequest,
  FinishReason,
  ResponseFormat,
  Usage,
} from "./openai/types.ts";

/** A message of the AI SDK. Only text is supported; the engine refuses the rest by its type. */
interface SdkMessage {
  readonly role: string;
  readonly content: string | readonly { readonly type: string; readonly text?: string }[];
}

/** The AI SDK's arguments to a model. */
export interface AiSdkCall {
  readonly prompt: readonly SdkMessage[];
  readonly maxOutputTokens?: number;
  readonly temperature?: number;
  readonly stopSequences?: string[];
  readonly topP?: number;
  readonly topK?: number;
  readonly presencePenalty?: number;
  readonly frequencyPenalty?: number;
  readonly responseFormat?:
    | { readonly type: "text" }
    | { readonly type: "json"; readonly schema?: unknown; readonly name?: string; readonly description?: string };
  readonly seed?: number;
  readonly tools?: readonly unknown[];
  readonly abortSignal?: AbortSignal;
}

/** Why an answer ended, in the AI SDK's words and in OpenAI's. */
interface SdkFinish {
  unified: FinishReason | "other";
  raw: string | undefined;
}

interface SdkUsage {
  inputTokens: { total: number; noCache: number; cacheRead: number; cacheWrite: undefined };
  outputTokens: { total: number; text: number; reasoning: undefined };
}

/** A part of a streamed answer. */
export type AiSdkPart =
  | { type: "stream-start"; warnings: never[] }
  | { type: "response-metadata"; id: string; timestamp: Date; modelId: string }
  | { type: "text-start" | "text-end"; id: string }
  | { type: "text-delta"; id: string; delta: string }
  | { type: "finish"; usage: SdkUsage; finishReason: SdkFinish }
  | { type: "error"; error: unknown };

/** A language model of the AI SDK, version 3 of its interface. */
export interface AiSdkModel {
  readonly specificationVersion: "v3";
  readonly provider: string;
  readonly modelId: string;
  readonly supportedUrls: Record<string, RegExp[]>;
  doGenerate(call: AiSdkCall): Promise<{
    content: { type: "text"; text: string }[];
    finishReason: SdkFinish;
    usage: SdkUsage;
    response: { id: string; timestamp: Date; modelId: string };
    warnings: never[];
  }>;
  doStream(call: AiSdkCall): Promise<{ stream: ReadableStream<AiSdkPart> }>;
}

/** A loaded model for the AI SDK: `generateText({ model: aiSdkModel(engine, "id"), prompt })`. */
export function aiSdkModel(engine: Engine, id: string): AiSdkModel {
  checkValue("aiSdkModel", "id", text, id);
  const { completions } = engine.chat;
  return {
    specificationVersion: "v3",
    provider: "shaderformer",
    modelId: id,
    supportedUrls: {},
    async doGenerate(call) {
      const options = call.abortSignal ? { signal: call.abortSignal } : {};
      const answer = await completions.create({ ...requestOf(id, call), stream: false }, options);
      const [choice] = answer.choices;
      return {
        content: [{ type: "text", text: choice?.message.content ?? "" }],
        finishReason: finishOf(choice?.finish_reason),
        usage: usageOf(answer.usage),
        response: { id: answer.id, timestamp: new Date(1000 * answer.created), modelId: answer.model },
        warnings: [],
      };
    },
    async doStream(call) {
      const options = call.abortSignal ? { signal: call.abortSignal } : {};
      const usage = { include_usage: true };
      const request = { ...requestOf(id, call), stream: true, stream_options: usage } as const;
      const parts = partsOf(await completions.create(request, options));
      const stream = new ReadableStream<AiSdkPart>({
        async pull(controller) {
          try {
            const { done, value } = await parts.next();
            if (done) controller.close();
            else controller.enqueue(value);
          } catch (error) {
            controller.enqueue({ type: "error", error });
            controller.close();
          }
        },
        cancel: async () => void (await parts.return(undefined)),
      });
      return { stream };
    },
  };
}

async function* partsOf(chunks: AsyncIterable<ChatCompletionChunk>): AsyncGenerator<AiSdkPart, undefined, undefined> {
  const text = "0";
  let began = false;
  let finish: FinishReason | null = null;
  yield { type: "stream-start", warnings: [] };
  for await (const { id, created, model, choices, usage } of chunks) {
    if (!began) {
      began = true;
      yield { type: "response-metadata", id, timestamp: new Date(1000 * created), modelId: model };
      yield { type: "text-start", id: text };
    }
    const [choice] = choices;
    if (choice?.delta.content) yield { type: "text-delta", id: text, delta: choice.delta.content };
    finish = choice?.finish_reason ?? finish;
    if (usage) {
      yield { type: "text-end", id: text };
      yield { type: "finish", usage: usageOf(usage), finishReason: finishOf(finish) };
    }
  }
}

function requestOf(model: string, call: AiSdkCall): ChatCompletionRequest {
  const { prompt, maxOutputTokens, temperature, topP, topK, presencePenalty, frequencyPenalty, seed } = call;
  const format = formatOf(call.responseFormat);
  const messages = prompt.map(({ role, content }) => ({
    role,
    // Reasoning of earlier turns is not part of the conversation.
    content: typeof content === "string" ? content : content.filter(({ type }) => type !== "reasoning"),
  }));
  const given = {
    temperature,
    top_p: topP,
    top_k: topK,
    presence_penalty: presencePenalty,
    seed,
    frequency_penalty: frequencyPenalty,
    max_completion_tokens: maxOutputTokens,
    tools: call.tools,
    stop: call.stopSequences?.length ? call.stopSequences : undefined,
    response_format: format,
  };
  const set = Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined));
  return { model, messages, ...set };
}

function formatOf(format: AiSdkCall["responseFormat"]): ResponseFormat | undefined {
  if (format?.type !== "json") return undefined;
  const { schema, name = "answer" } = format;
  if (schema === undefined) return { type: "json_object" };
  return { type: "json_schema", json_schema: { name, schema: schema as Readonly<Record<string, unknown>> } };
}

const finishOf = (reason: FinishReason | null | undefined): SdkFinish => ({
  unified: reason ?? "other",
  raw: reason ?? undefined,
});

function usageOf({
  prompt_tokens: prompt,
  completion_tokens: completion,
  prompt_tokens_details: details,
}: Usage): SdkUsage {
  const cacheRead = details?.cached_tokens ?? 0;
  return {
    inputTokens: { total: prompt, noCache: prompt - cacheRead, cacheRead, cacheWrite: undefined },
    outputTokens: { total: completion, text: completion, reasoning: undefined },
  };
}
