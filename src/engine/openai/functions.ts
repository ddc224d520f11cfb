// An engine's functions from OpenAI's client.
import type {
  AnswerStream,
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  Completion,
  CompletionRequest,
  EmbeddingAnswer,
  EmbeddingRequest,
  FinishReason,
  ModelEntry,
  ModelList,
} from "./types.ts";

/** Options of a call, as OpenAI's client takes them in its second argument. */
export interface CallOptions {
  readonly signal?: AbortSignal | null;
}

type Streaming<R> = Omit<R, "stream"> & { readonly stream: true };
type NotStreaming<R> = Omit<R, "stream"> & { readonly stream?: false | null };

/** `chat.completions`. */
export interface ChatCompletions {
  create(request: Streaming<ChatCompletionRequest>, options?: CallOptions): Promise<AnswerStream<ChatCompletionChunk>>;
  create(request: NotStreaming<ChatCompletionRequest>, options?: CallOptions): Promise<ChatCompletion>;
  create(
    request: ChatCompletionRequest,
    options?: CallOptions,
  ): Promise<ChatCompletion | AnswerStream<ChatCompletionChunk>>;
}

/** `completions`. */
export interface Completions {
  create(
    request: Streaming<CompletionRequest>,
    options?: CallOptions,
  ): Promise<AnswerStream<Completion<FinishReason | null>>>;
  create(request: NotStreaming<CompletionRequest>, options?: CallOptions): Promise<Completion>;
  create(
    request: CompletionRequest,
    options?: CallOptions,
  ): Promise<Completion | AnswerStream<Completion<FinishReason | null>>>;
}

/** `embeddings`. */
export interface Embeddings {
  create(
    request: EmbeddingRequest & { readonly encoding_format: "base64" },
    options?: CallOptions,
  ): Promise<EmbeddingAnswer<string>>;
  create(
    request: EmbeddingRequest & { readonly encoding_format?: "float" },
    options?: CallOptions,
  ): Promise<EmbeddingAnswer>;
  create(request: EmbeddingRequest, options?: CallOptions): Promise<EmbeddingAnswer<number[] | string>>;
}

/** `models`. */
export interface Models {
  list(): Promise<ModelList>;
  retrieve(id: string): Promise<ModelEntry>;
}
