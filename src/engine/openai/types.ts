// Requests and answers in the shape of OpenAI's interface. Answers have mutable fields because OpenAI's types have.
// Source: the types of the npm package `openai`, version 6, which a test compares with these.
import type { ChatMessage } from "../../text/template/chat-template.ts";

/** Settings of sampling that chat and plain completions share. Null counts as unset. */
export interface SamplingRequest {
  /** The model's id; default the one that was loaded last. */
  readonly model?: string;
  readonly stream?: boolean | null;
  readonly stream_options?: { readonly include_usage?: boolean; readonly include_obfuscation?: boolean } | null;
  /** 0 to 2. */
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly max_tokens?: number | null;
  /** Texts that end the answer, at most 4; they are left out of it. */
  readonly stop?: string | readonly string[] | null;
  readonly seed?: number | null;
  /** -2 to 2. */
  readonly presence_penalty?: number | null;
  /** -2 to 2. */
  readonly frequency_penalty?: number | null;
  /** Added to the logits of tokens, by token id: -100 to 100. */
  readonly logit_bias?: Readonly<Record<string, number>> | null;
  /** Only 1. */
  readonly n?: number | null;
  /** Has no effect. */
  readonly user?: string;
  /** An extension: keep the k likeliest tokens; 0 keeps all. */
  readonly top_k?: number | null;
  /** An extension: keep tokens at least this fraction as likely as the likeliest. */
  readonly min_p?: number | null;
  /** An extension: divides positive and multiplies negative logits of tokens seen so far. */
  readonly repetition_penalty?: number | null;
}

/** The form of an answer: any text, any JSON object, or JSON that a schema accepts. */
export type ResponseFormat =
  | { readonly type: "text" }
  | { readonly type: "json_object" }
  | {
      readonly type: "json_schema";
      readonly json_schema: {
        readonly name: string;
        readonly description?: string;
        readonly schema?: Readonly<Record<string, unknown>>;
        readonly strict?: boolean | null;
      };
    };

/** A request for the next message of a conversation. */
export interface ChatCompletionRequest extends SamplingRequest {
  readonly messages: readonly ChatMessage[];
  /** Maximum tokens to generate; `max_tokens` is its older name. */
  readonly max_completion_tokens?: number | null;
  /** True reports the log-probability of each token. */
  readonly logprobs?: boolean | null;
  /** The likeliest tokens to report at each position, at most 20; requires `logprobs`. */
  readonly top_logprobs?: number | null;
  readonly response_format?: ResponseFormat;
  /** Has no effect. */
  readonly store?: boolean | null;
  /** Only empty. */
  readonly tools?: readonly unknown[];
}

/** A request for the continuation of a text, or, with an encoder-decoder, for the text generated from it. */
export interface CompletionRequest extends SamplingRequest {
  /** A text, or its token ids. */
  readonly prompt: string | readonly string[] | readonly number[] | readonly (readonly number[])[] | null;
  /** The likeliest tokens to report at each position, at most 5. */
  readonly logprobs?: number | null;
  /** True repeats the prompt before the continuation. */
  readonly echo?: boolean | null;
  /** An extension under its name in transformers, as are the following ones: the number of beams (`beams`). */
  readonly num_beams?: number | null;
  /** With `num_beams`: scores are divided by the number of tokens to this power. */
  readonly length_penalty?: number | null;
  /** With `num_beams`: when the search stops (`earlyStopping`). */
  readonly early_stopping?: boolean | "never" | null;
  /** No sequence of this many tokens occurs twice. */
  readonly no_repeat_ngram_size?: number | null;
  readonly response_format?: ResponseFormat;
}

/** Tokens of a request and its answer. */
export interface Usage {
  prompt_tokens: number;
  completion_tokens: number;
  total_tokens: number;
  prompt_tokens_details?: { cached_tokens: number };
  /** With proposed tokens: how many are in the answer, and how many are not. */
  completion_tokens_details?: { accepted_prediction_tokens: number; rejected_prediction_tokens: number };
}

/** A token and its log-probability; `bytes` are its UTF-8, which may be part of a character. */
export interface TopLogprob {
  token: string;
  bytes: number[] | null;
  logprob: number;
}

/** A generated token with the likeliest ones in its position. */
export interface ChatLogprob extends TopLogprob {
  top_logprobs: TopLogprob[];
}

/** The log-probabilities of an answer. */
export interface ChatLogprobs {
  content: ChatLogprob[] | null;
  refusal: ChatLogprob[] | null;
}

export type FinishReason = "stop" | "length";

/** An answer in a conversation. */
export interface ChatCompletion {
  id: string;
  object: "chat.completion";
  created: number;
  model: string;
  choices: {
    index: number;
    message: { role: "assistant"; content: string | null; refusal: string | null };
    logprobs: ChatLogprobs | null;
    finish_reason: FinishReason;
  }[];
  usage: Usage;
}

/** A part of an answer in a conversation. */
export interface ChatCompletionChunk {
  id: string;
  object: "chat.completion.chunk";
  created: number;
  model: string;
  choices: {
    index: number;
    delta: { role?: "assistant"; content?: string | null; refusal?: string | null };
    logprobs?: ChatLogprobs | null;
    finish_reason: FinishReason | null;
  }[];
  usage?: Usage | null;
}

/** The log-probabilities of a continuation, by token; `text_offset` counts UTF-16 units. */
export interface CompletionLogprobs {
  tokens: string[];
  token_logprobs: number[];
  top_logprobs: Record<string, number>[];
  text_offset: number[];
}

/** A continuation of a text, or with `stream` a part of one; `finish_reason` is null until the last part. */
export interface Completion<Finish extends FinishReason | null = FinishReason> {
  id: string;
  object: "text_completion";
  created: number;
  model: string;
  choices: { index: number; text: string; logprobs: CompletionLogprobs | null; finish_reason: Finish }[];
  usage?: Usage;
}

/** A request for vectors of texts. */
export interface EmbeddingRequest {
  readonly model?: string;
  readonly input: string | readonly string[] | readonly number[] | readonly (readonly number[])[];
  /** Default float; base64 is that of little-endian f32. */
  readonly encoding_format?: "float" | "base64";
  /** Entries to keep of each vector, which is then rescaled to length 1. */
  readonly dimensions?: number;
  /** For an encoder: the name of the prompt prepended to each text, an addition to OpenAI's fields. */
  readonly prompt_name?: string;
  readonly user?: string;
}

/** Vectors of texts; `Vector` is a string if base64 was requested. */
export interface EmbeddingAnswer<Vector = number[]> {
  object: "list";
  data: { object: "embedding"; index: number; embedding: Vector }[];
  model: string;
  usage: { prompt_tokens: number; total_tokens: number };
}

/** A loaded model as listed in OpenAI's interface. */
export interface ModelEntry {
  id: string;
  object: "model";
  created: number;
  owned_by: string;
  /** For an adapter: the id of its base model, as in vLLM. */
  parent?: string;
}

/** The loaded models; also an async iterable of them. */
export interface ModelList extends AsyncIterable<ModelEntry> {
  object: "list";
  data: ModelEntry[];
}

/** Parts of an answer as they arrive. Leaving the loop, or `controller.abort()`, ends the generation. */
export interface AnswerStream<T> extends AsyncIterable<T> {
  readonly controller: AbortController;
}
