// What the compiler says of the shapes in src/engine/openai/types.ts next to the types of OpenAI's client: requests
// that its types allow are ours as far as we name their fields, and our answers are its answers.
import type OpenAI from "openai";
import type { Engine } from "../../src/engine/engine.ts";
import type {
  AnswerStream,
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  Completion,
  CompletionRequest,
  EmbeddingAnswer,
  EmbeddingRequest,
  ModelEntry,
} from "../../src/engine/openai/types.ts";

/** Compiles where a value of type `Given` is one of type `Expected`. */
type Is<Given extends Expected, Expected> = Given;

/** Fields with the same name in both, except those of which we take a part and refuse the rest. */
type Named<Theirs, Ours, But extends PropertyKey = never> = Pick<Theirs, Exclude<keyof Theirs & keyof Ours, But>>;

type Chat = OpenAI.Chat.ChatCompletionCreateParams;
type Parts = AsyncIterable<OpenAI.Chat.ChatCompletionChunk> & { controller: AbortController };

/** Their requests are ours. Messages of theirs have no index signature, so they are compared one by one. */
export type Requests = [
  Is<
    Named<Chat, ChatCompletionRequest, "messages" | "stream">,
    Named<ChatCompletionRequest, Chat, "messages" | "stream">
  >,
  Is<Pick<Chat["messages"][number], "role">, Pick<ChatCompletionRequest["messages"][number], "role">>,
  Is<
    Named<OpenAI.CompletionCreateParams, CompletionRequest, "stream">,
    Named<CompletionRequest, OpenAI.CompletionCreateParams, "stream">
  >,
  Is<OpenAI.EmbeddingCreateParams, EmbeddingRequest>,
];

/** Every field of ours is theirs, but for the extensions that many servers have. */
export type Fields = [
  Is<Exclude<keyof ChatCompletionRequest, keyof Chat>, "top_k" | "min_p" | "repetition_penalty">,
  Is<
    Exclude<keyof CompletionRequest, keyof OpenAI.CompletionCreateParams>,
    | ("top_k" | "min_p" | "repetition_penalty" | "response_format")
    | ("num_beams" | "length_penalty" | "early_stopping" | "no_repeat_ngram_size")
  >,
];

/** Our answers are theirs. */
export type Answers = [
  Is<ChatCompletion, OpenAI.Chat.ChatCompletion>,
  Is<ChatCompletionChunk, OpenAI.Chat.ChatCompletionChunk>,
  Is<AnswerStream<ChatCompletionChunk>, Parts>,
  Is<Completion, OpenAI.Completion>,
  Is<EmbeddingAnswer, OpenAI.CreateEmbeddingResponse>,
  Is<ModelEntry, OpenAI.Model>,
];

/** Code that is written for their client compiles with an engine in its place. */
export async function asWithTheirClient(client: Engine): Promise<string> {
  const request = { model: "voices", messages: [{ role: "user" as const, content: "a" }], temperature: 0 };
  const whole: OpenAI.Chat.ChatCompletion = await client.chat.completions.create({ ...request, stream: false });
  let text = whole.choices[0]?.message.content ?? "";
  const stream: Parts = await client.chat.completions.create({ ...request, stream: true });
  for await (const { choices } of stream) text += choices[0]?.delta.content ?? "";
  for await (const { id } of await client.models.list()) text += id;
  const { data }: OpenAI.CreateEmbeddingResponse = await client.embeddings.create({ input: text, model: "voices" });
  return `${text}${data[0]?.embedding.length}`;
}
