import type { LoadProgress } from "../formats/load-progress.ts";
import type { LoadPlan } from "../generate/load/plan-load.ts";
import type { NextTokenProbabilities } from "../generate/look/next-token.ts";
import type { TuneResult } from "../generate/tuning/options.ts";
import type { TuneProgress } from "../generate/tuning/tune.ts";
import type { ChatMessage } from "../text/template/chat-template.ts";
import type {
  AttentionOfToken,
  AttentionRequest,
  EngineDevice,
  EngineEvent,
  EngineLoadOptions,
  EngineStorage,
  EngineTuneOptions,
  ExpertsOfTokens,
  ExpertsRequest,
  ModelInfo,
  ModelSource,
  PlanOptions,
  ProbabilitiesRequest,
  Tokenized,
} from "./engine.ts";
import type { EnginePiece, EngineResult, GenerateRequest } from "./generate-request.ts";
import type { MethodCall, MethodReport } from "./methods.ts";
import type {
  ChatCompletion,
  ChatCompletionChunk,
  ChatCompletionRequest,
  Completion,
  CompletionRequest,
  EmbeddingAnswer,
  EmbeddingRequest,
  FinishReason,
  ModelEntry,
} from "./openai/types.ts";

type Plain<T> = Omit<T, "signal" | "onProgress">;
type Returned<F extends (...given: never[]) => unknown> = Awaited<ReturnType<F>>;

/** The calls of an engine, by method: argument and result, copied by structured cloning. */
export interface Calls {
  readonly load: [{ readonly from: ModelSource } & Plain<EngineLoadOptions>, ModelInfo];
  readonly plan: [{ readonly from: ModelSource } & Plain<PlanOptions>, LoadPlan];
  readonly unload: [{ readonly id?: string | undefined }, undefined];
  readonly loaded: [undefined, readonly ModelInfo[]];
  readonly chat: [ChatCompletionRequest, ChatCompletion];
  readonly completion: [CompletionRequest, Completion];
  readonly embeddings: [EmbeddingRequest, EmbeddingAnswer<number[] | string>];
  readonly models: [undefined, ModelEntry[]];
  readonly model: [{ readonly id: string }, ModelEntry];
  readonly tokenize: [
    { readonly content: string | readonly ChatMessage[]; readonly model?: string | undefined },
    Tokenized,
  ];
  readonly attention: [Plain<AttentionRequest>, AttentionOfToken];
  readonly experts: [Plain<ExpertsRequest>, ExpertsOfTokens];
  readonly probabilities: [Plain<ProbabilitiesRequest>, NextTokenProbabilities];
  readonly tune: [Plain<EngineTuneOptions>, TuneResult];
  /** A method of a loaded encoder, or encoder-decoder. */
  readonly encoder: [MethodCall, unknown];
  readonly encoderDecoder: [MethodCall, unknown];
  readonly stored: [undefined, Returned<EngineStorage["list"]>];
  readonly deleteStored: [{ readonly id: string }, undefined];
  readonly deleteAllStored: [undefined, undefined];
  readonly storageEstimate: [undefined, Returned<EngineStorage["estimate"]>];
  readonly persistStorage: [undefined, boolean];
  readonly device: [undefined, EngineDevice];
}

/** Reports of running calls, by method; other methods report nothing. */
interface Reports {
  readonly load: LoadProgress;
  readonly tune: TuneProgress;
  readonly encoder: MethodReport;
  readonly encoderDecoder: MethodReport;
}

/** Receives a call's reports. */
export type Reporter<M extends keyof Calls> = (progress: M extends keyof Reports ? Reports[M] : never) => void;

/** The streams of an engine: argument, part and result. */
export interface Streams {
  readonly generate: [Plain<GenerateRequest>, EnginePiece, EngineResult];
  readonly chat: [ChatCompletionRequest, ChatCompletionChunk, undefined];
  readonly completion: [CompletionRequest, Completion<FinishReason | null>, undefined];
}

/**
 * Computes an engine's answers: in this thread, or on the other side of a port. Aborted calls and streams end as soon
 * as possible; calls throw the signal's reason.
 */
export interface Core {
  /** `report` is called with the call's progress. */
  call<M extends keyof Calls>(
    method: M,
    argument: Calls[M][0],
    signal?: AbortSignal | null,
    report?: Reporter<M>,
  ): Promise<Calls[M][1]>;
  /** It begins with the first `next`, and ends with `return`. */
  stream<M extends keyof Streams>(
    method: M,
    argument: Streams[M][0],
    signal?: AbortSignal | null,
  ): AsyncGenerator<Streams[M][1], Streams[M][2], undefined>;
  listen(listener: (event: EngineEvent) => void): () => void;
  dispose(): Promise<void>;
}
