import type { GenerationOptions } from "../generate/options.ts";
import type { GenerationResult } from "../generate/session/generation-result.ts";
import type { StopReason, TokenLogprob } from "../generate/session/row.ts";
import type { PromptLookup, SpeculativeFigures } from "../generate/speculative/options.ts";
import type { ChatMessage } from "../text/template/chat-template.ts";
import type { DraftRequest } from "./drafts.ts";
import type { ResponseFormat } from "./openai/types.ts";

/** A request of `Engine.generate`: one of `prompt`, `tokens` and `messages`, and how to continue it. */
export interface GenerateRequest extends Omit<GenerationOptions, "seed" | "constraint" | "speculative"> {
  /** The model's id; default the one that was loaded last. */
  readonly model?: string | undefined;
  readonly prompt?: string | undefined;
  /** Token ids to continue, special tokens included. */
  readonly tokens?: readonly number[] | undefined;
  readonly messages?: readonly ChatMessage[] | undefined;
  readonly seed?: number | undefined;
  readonly responseFormat?: ResponseFormat | undefined;
  /** How tokens are proposed (see `GenerationOptions`), `none` for not at all. Default: as the model was loaded. */
  readonly speculative?: PromptLookup | DraftRequest | "none" | undefined;
}

/** The result of one step. */
export interface EnginePiece {
  /** The sampled token; undefined for text held back until the end. */
  readonly token?: number | undefined;
  /** Whole characters; empty while a character or a possible stop text is incomplete. */
  readonly text: string;
  /** The text of the token alone, special tokens included. */
  readonly tokenText?: string | undefined;
  /** Its log-probability (natural logarithm, of the model's own distribution), with `logprobs`. */
  readonly logprob?: number | undefined;
  /** 1 for the likeliest token, 2 for the next, and so on, with `logprobs`. */
  readonly rank?: number | undefined;
  /** The likeliest tokens, with `logprobs: n`. */
  readonly top?: readonly TokenLogprob[] | undefined;
}

/** The result of a generation of an engine. */
export interface EngineResult {
  readonly model: string;
  readonly promptTokens: readonly number[];
  /** Prompt tokens that were already in a session's cache. */
  readonly cachedTokens: number;
  readonly tokens: readonly number[];
  readonly text: string;
  readonly stopReason: StopReason;
  /** With `beams`: the sum of the tokens' log-probabilities over their number to the power of `lengthPenalty`. */
  readonly score?: number | undefined;
  readonly seed: number;
  readonly timings: GenerationResult["timings"];
  readonly memory: GenerationResult["memory"];
  readonly dispatchesPerToken: number;
  readonly speculative?: SpeculativeFigures | undefined;
}

/** The parts of a result used in OpenAI-style answers. */
export type Answered = Pick<
  EngineResult,
  "promptTokens" | "cachedTokens" | "tokens" | "text" | "stopReason" | "speculative"
>;

/**
 * Text as it is generated. It begins with the first `next` or the first reading of `result`; leaving the loop, `stop()`
 * or the request's signal ends it with the stop reason `abort`.
 */
export interface EngineGeneration extends AsyncIterable<EnginePiece> {
  /** The whole result. Reading it runs the generation to its end. */
  readonly result: Promise<EngineResult>;
  stop(): void;
}
